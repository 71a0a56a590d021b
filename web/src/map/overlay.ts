// What is drawn over the points: pictures where there is room for them, names of clusters, the lasso, the marked point.
import { Data } from "./data";
import { View } from "./view";

// Points in view become pictures if there are so many of them at most, and so few selected ones have rings.
const MOST = 350;
const RINGED = 200;

export interface Drawn {
  visible: (row: number) => boolean;
  dimmed: (row: number) => boolean;
  edge: (row: number) => string;
  lasso: [number, number][] | null;
  marked: number | null;
  /** Lines of selected rows. */
  chosen: number[];
  /** Places of rows that are not among the points. */
  guests: [number, number][];
  labels: number[];
}

export class Overlay {
  private readonly pen: CanvasRenderingContext2D;
  private centres: ([number, number] | null)[] = [];
  private sizes: number[] = [];

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly view: View,
    private readonly data: Data,
    private readonly x: Float32Array,
    private readonly y: Float32Array,
  ) {
    this.pen = canvas.getContext("2d")!;
    this.place();
  }

  /** Find where the names of clusters belong. */
  place(): void {
    const { data, x, y } = this;
    this.sizes = data.clusters.map(() => 0);
    for (const cluster of data.cluster) if (cluster >= 0) this.sizes[cluster]++;
    this.centres = data.clusters.map((_, cluster) => middle(data, cluster, x, y));
  }

  draw(ratio: number, drawn: Drawn): void {
    const { pen, view } = this;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, view.width, view.height);
    const style = getComputedStyle(this.canvas);
    const [ink, sheet] = [style.color, style.getPropertyValue("--sheet")];
    this.pictures(drawn, sheet);
    this.labels(drawn.labels, ink, sheet);
    if (drawn.chosen.length <= RINGED) for (const line of drawn.chosen) if (drawn.visible(line)) this.ring(line, 6, ink);
    if (drawn.marked !== null) this.ring(drawn.marked, 8, ink);
    for (const [x, y] of drawn.guests) {
      const [px, py] = view.screen(x, y);
      for (const [width, colour] of [[6, sheet], [3, ink]] as const) {
        pen.lineWidth = width;
        pen.strokeStyle = colour;
        pen.beginPath();
        for (const [dx, dy] of [[9, 0], [0, 9]]) {
          pen.moveTo(px - dx, py - dy);
          pen.lineTo(px + dx, py + dy);
        }
        pen.stroke();
      }
    }
    if (drawn.lasso) {
      pen.beginPath();
      drawn.lasso.forEach(([x, y], place) => (place ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.closePath();
      pen.lineWidth = 1.5;
      pen.setLineDash([5, 4]);
      pen.strokeStyle = ink;
      pen.stroke();
      pen.setLineDash([]);
      pen.globalAlpha = 0.08;
      pen.fillStyle = ink;
      pen.fill();
      pen.globalAlpha = 1;
    }
  }

  private ring(line: number, radius: number, ink: string): void {
    const { pen } = this;
    const [x, y] = this.view.screen(this.x[line], this.y[line]);
    pen.lineWidth = 2;
    pen.strokeStyle = ink;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.stroke();
  }

  private pictures(drawn: Drawn, sheet: string): void {
    const { pen, view, data } = this;
    if (!data.pictures || !view.zoomed) return;
    const { image, width, height, across, of } = data.pictures;
    const seen: [number, number, number][] = [];
    for (let row = 0; row < data.count; row++) {
      if (of[row] < 0 || !drawn.visible(row)) continue;
      const [x, y] = view.screen(this.x[row], this.y[row]);
      if (x < -40 || y < -40 || x > view.width + 40 || y > view.height + 40) continue;
      seen.push([row, x, y]);
      if (seen.length > MOST) return;
    }
    const side = Math.min(56, Math.max(22, 0.45 * Math.sqrt((view.width * view.height) / (seen.length + 1))));
    const by = side / Math.max(width, height);
    // Small pictures are enlarged as they are, pixel by pixel.
    pen.imageSmoothingEnabled = by < 1;
    for (const [row, x, y] of seen) {
      const [w, h] = [width * by, height * by];
      const place = of[row];
      pen.globalAlpha = drawn.dimmed(row) ? 0.25 : 1;
      pen.fillStyle = sheet;
      pen.fillRect(x - w / 2, y - h / 2, w, h);
      pen.drawImage(image, (place % across) * width, Math.floor(place / across) * height, width, height, x - w / 2, y - h / 2, w, h);
      pen.lineWidth = 2;
      pen.strokeStyle = drawn.edge(row);
      pen.strokeRect(x - w / 2, y - h / 2, w, h);
    }
    pen.globalAlpha = 1;
  }

  private labels(clusters: number[], ink: string, sheet: string): void {
    const { pen, view } = this;
    pen.font = "600 13px system-ui, sans-serif";
    [pen.textAlign, pen.textBaseline, pen.lineJoin] = ["center", "middle", "round"];
    const taken: [number, number, number][] = [];
    // Of names that would lie on each other, that of the larger cluster is shown, until there is room.
    for (const cluster of clusters.sort((a, b) => this.sizes[b] - this.sizes[a])) {
      const centre = this.centres[cluster];
      if (!centre) continue;
      const [x, y] = view.screen(...centre);
      const name = this.data.clusters[cluster];
      const text = name.length > 18 ? `${name.slice(0, 17)}…` : name;
      const half = pen.measureText(text).width / 2 + 1;
      if (taken.some(([tx, ty, th]) => Math.abs(tx - x) < th + half && Math.abs(ty - y) < 15)) continue;
      taken.push([x, y, half]);
      pen.lineWidth = 4;
      pen.strokeStyle = sheet;
      pen.strokeText(text, x, y);
      pen.fillStyle = ink;
      pen.fillText(text, x, y);
    }
  }
}

/** The point of a cluster that is nearest to the medians of its places: a label there lies on the cluster. */
function middle(data: Data, cluster: number, x: Float32Array, y: Float32Array): [number, number] | null {
  const rows: number[] = [];
  for (let row = 0; row < data.count; row++) if (data.cluster[row] === cluster) rows.push(row);
  if (!rows.length) return null;
  const half = (values: Float32Array) => rows.map((row) => values[row]).sort((a, b) => a - b)[rows.length >> 1];
  const [mx, my] = [half(x), half(y)];
  let best = rows[0];
  const far = (row: number) => (x[row] - mx) ** 2 + (y[row] - my) ** 2;
  for (const row of rows) if (far(row) < far(best)) best = row;
  return [x[best], y[best]];
}
