// The map of a report: wires the markup of report/sections/stage.html.j2 to the data in the page.
import { read, unpacked } from "./map/data";
import { RowMap } from "./map/map";

const stage = document.querySelector<HTMLElement>("[data-map]");
const source = document.getElementById("map-data");
if (stage && source) {
  // Without WebGL 2 the picture that the page came with stays.
  unpacked(source)
    .then(read)
    .then((data) => new RowMap(stage, data))
    .catch((problem: unknown) => console.info(`The map stays a picture: ${String(problem)}`));
}
