// What is said of one row.
import { shown } from "./colouring";
import { Data } from "./data";
import { inert } from "./text";
import { View } from "./view";

// Columns that are shown.
const COLUMNS = 8;

export class Card {
  row: number | null = null;

  constructor(private readonly element: HTMLElement, private readonly data: Data) {}

  hide(): void {
    this.row = null;
    this.element.hidden = true;
  }

  show(row: number, at: [number, number], view: View): void {
    if (this.row !== row) this.fill(row);
    this.row = row;
    const { element } = this;
    element.hidden = false;
    // Beside the point, where there is room.
    const [width, height] = [element.offsetWidth, element.offsetHeight];
    const left = at[0] + 18 + width < view.width ? at[0] + 18 : at[0] - 18 - width;
    element.style.left = `${Math.max(4, Math.min(left, view.width - width - 4))}px`;
    element.style.top = `${Math.max(4, Math.min(at[1] - height / 2, view.height - height - 4))}px`;
  }

  private fill(row: number): void {
    const { data, element } = this;
    element.replaceChildren();
    const title = element.appendChild(document.createElement("b"));
    title.textContent = data.names ? inert(data.names[row]) : `Row ${data.row[row]}`;
    this.picture(row);
    const list = element.appendChild(document.createElement("dl"));
    const line = (name: string, value: string) => {
      const pair = list.appendChild(document.createElement("div"));
      pair.appendChild(document.createElement("dt")).textContent = name;
      pair.appendChild(document.createElement("dd")).textContent = value;
    };
    const cluster = data.cluster[row];
    line("cluster", cluster < 0 ? "none" : data.clusters[cluster]);
    line("confidence", percent(data.confidence[row]));
    if (data.outlier && !Number.isNaN(data.outlier[row])) line("outlier score", score(data.outlier[row]));
    for (const column of data.columns.slice(0, COLUMNS)) line(column.name, shown(column, row));
  }

  private picture(row: number): void {
    const pictures = this.data.pictures;
    if (!pictures || pictures.of[row] < 0) return;
    const { image, width, height, across, of } = pictures;
    const canvas = this.element.appendChild(document.createElement("canvas"));
    [canvas.width, canvas.height] = [width, height];
    const place = of[row];
    canvas.getContext("2d")!.drawImage(image, -(place % across) * width, -Math.floor(place / across) * height);
  }
}

/** An outlier score; no row is an outlier for certain. */
export const score = (share: number): string => Math.min(0.99, Math.round(100 * share) / 100).toFixed(2);

/** No row is certain. */
export function percent(share: number): string {
  return share >= 0.99 ? "over 99 %" : `${Math.floor(100 * share)} %`;
}
