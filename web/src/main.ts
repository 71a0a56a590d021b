// The map of a report: wires the markup of report/sections/map.html.j2 to the data in the page.
import { Data, read } from "./data";
import { RowMap } from "./map";

const stage = document.querySelector<HTMLElement>("[data-map]");
const source = document.getElementById("map-data");
if (stage && source) {
  // Without WebGL 2 the picture that the page came with stays.
  read(source)
    .then((data: Data) => new RowMap(stage, data))
    .catch((problem: unknown) => console.info(`The map stays a picture: ${String(problem)}`));
}
