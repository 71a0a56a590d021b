// What is on the stage, and what pointer, wheel and keys do.
import { Card } from "./card";
import { Colouring, colourings, shapeOf } from "./colouring";
import { Data } from "./data";
import { box, inside } from "./geometry";
import { fillKey, Legend } from "./legend";
import { Overlay } from "./overlay";
import { Points } from "./points";
import { Saved, Selection } from "./selection";
import { View } from "./view";

// Pixels from a point in which it is meant, pixels of a step by an arrow, and by how much a key zooms.
const NEAR = 14;
const STEP = 60;
const ZOOM = 1.5;

export class RowMap {
  /** Told of rows that someone has selected here, by their numbers; null for none. */
  selected: ((rows: Set<number> | null) => void) | null = null;
  /** Told of a point that someone has pressed, by the number of its row. */
  pressed: ((row: number) => void) | null = null;
  private readonly view: View;
  private readonly points: Points;
  private readonly overlay: Overlay;
  private readonly card: Card;
  private readonly selection: Selection;
  private readonly legend: Legend;
  private readonly plane: HTMLElement;
  private colouring: Colouring;
  private waiting = false;
  private lasso: [number, number][] | null = null;
  private selecting = false;
  private dragged = false;
  private pointers = new Map<number, [number, number]>();
  private guests: [number, number][] = [];

  constructor(private readonly root: HTMLElement, private readonly data: Data, saved?: Saved) {
    const part = <T extends HTMLElement>(name: string): T => root.querySelector<T>(`[data-${name}]`)!;
    this.points = new Points(part<HTMLCanvasElement>("points"), data.x, data.y, this.shapes());
    this.plane = part("plane");
    const [x, y] = [Float32Array.from(data.x, (v) => v / 65535), Float32Array.from(data.y, (v) => v / 65535)];
    this.view = new View(box(x, y));
    this.legend = new Legend(part("legend"), data, () => this.repaint());
    this.selection = new Selection(part("selection"), data, () => {
      this.repaint();
      this.selected?.(this.selection.rows);
    }, saved);
    this.overlay = new Overlay(part<HTMLCanvasElement>("overlay"), this.view, data, x, y);
    this.card = new Card(part("card"), data);
    const all = colourings(data);
    this.colouring = all[0];
    const select = part<HTMLSelectElement>("colour");
    all.forEach((one, place) => select.append(new Option(one.label, String(place))));
    select.addEventListener("change", () => {
      this.colouring = all[Number(select.value)];
      this.legend.colour(this.colouring === all[0]);
      fillKey(part("key"), this.colouring, data.ramp);
      this.repaint();
    });
    part("in").addEventListener("click", () => this.zoom(ZOOM));
    part("out").addEventListener("click", () => this.zoom(1 / ZOOM));
    part("fit").addEventListener("click", () => this.fit());
    part("lasso").addEventListener("click", () => this.select(!this.selecting));
    this.listen();
    root.setAttribute("data-live", "");
    new ResizeObserver(() => this.resize()).observe(this.plane);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.resize();
    this.repaint();
  }

  /** Show the rows in other clusters, a number for each line, with these names. */
  regroup(cluster: Int16Array, clusters: string[]): void {
    [this.data.cluster, this.data.clusters] = [cluster, clusters];
    this.points.form(this.shapes());
    this.legend.fill();
    this.overlay.place();
    this.selection.tell();
    this.card.hide();
    this.repaint();
  }

  /** Select these rows by their numbers, whether they are points here or not. */
  choose(rows: Iterable<number>): void {
    this.selection.set(rows);
  }

  /** Show where rows lie that are not among the points, 0 to 1. */
  invite(guests: [number, number][]): void {
    this.guests = guests;
    this.draw();
  }

  private shapes(): Uint8Array<ArrayBuffer> {
    const { data } = this;
    return Uint8Array.from(data.cluster, (cluster) => shapeOf(cluster, data.colours.length));
  }

  private resize(): void {
    const { width, height } = this.plane.getBoundingClientRect();
    // Not seen, as while the page is printed.
    if (!width || !height) return;
    [this.view.width, this.view.height] = [width, height];
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of this.plane.querySelectorAll("canvas")) {
      [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    }
    this.points.emptied();
    this.draw();
  }

  private visible(row: number): boolean {
    return this.legend.shows(this.data.cluster[row]);
  }

  private repaint(): void {
    const { count } = this.data;
    const rgba = new Uint8Array(4 * count);
    const chosen = this.selection.rows;
    for (let row = 0; row < count; row++) {
      if (!this.visible(row)) continue;
      rgba.set(this.colouring.of(row), 4 * row);
      rgba[4 * row + 3] = chosen && !chosen.has(this.data.row[row]) ? 38 : 215;
    }
    this.points.paint(rgba);
    this.draw();
  }

  private draw(): void {
    this.plane.style.touchAction = this.view.zoomed || this.selecting ? "none" : "pan-y";
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      const ratio = window.devicePixelRatio || 1;
      const size = Math.min(7, Math.max(2.4, 260 / Math.sqrt(this.data.count))) * Math.min(2.2, this.view.factor ** 0.3);
      this.points.draw(this.view.clip(), (size + 1) * ratio);
      this.overlay.draw(ratio, {
        visible: (row) => this.visible(row),
        edge: (row) => `rgb(${this.colouring.of(row).join(" ")})`,
        lasso: this.lasso,
        marked: this.card.row,
        chosen: this.selection.onMap,
        guests: this.guests,
        labels: this.legend.shownClusters(),
        dimmed: (row) => this.selection.rows !== null && !this.selection.rows.has(this.data.row[row]),
      });
      this.root.dataset.zoom = this.view.factor.toFixed(2);
    });
  }

  private zoom(by: number, at: [number, number] = [this.view.width / 2, this.view.height / 2]): boolean {
    const moved = this.view.zoomAt(at[0], at[1], by);
    if (moved) {
      this.card.hide();
      this.draw();
    }
    return moved;
  }

  private fit(): void {
    this.view.fit();
    this.card.hide();
    this.draw();
  }

  private select(on: boolean): void {
    this.selecting = on;
    this.root.querySelector("[data-lasso]")!.setAttribute("aria-pressed", String(on));
    this.plane.classList.toggle("selecting", on);
    this.draw();
  }

  private nearest(px: number, py: number, within: number): number {
    const { data, view } = this;
    const scale = view.scale / 65535;
    const [x0, y0] = view.screen(0, 0);
    let [best, least] = [-1, within * within];
    for (let row = 0; row < data.count; row++) {
      const dx = x0 + data.x[row] * scale - px;
      const dy = y0 - data.y[row] * scale - py;
      const squared = dx * dx + dy * dy;
      if (squared < least && this.visible(row)) [best, least] = [row, squared];
    }
    return best;
  }

  private point(px: number, py: number, within: number): void {
    const row = this.nearest(px, py, within);
    if (row < 0) this.card.hide();
    else {
      const at = this.view.screen(this.data.x[row] / 65535, this.data.y[row] / 65535);
      this.card.show(row, at, this.view);
    }
    this.draw();
  }

  private press(px: number, py: number): void {
    const row = this.card.row ?? this.nearest(px, py, NEAR);
    if (row >= 0) this.pressed?.(this.data.row[row]);
  }

  private take(corners: [number, number][]): void {
    const rows: number[] = [];
    for (let row = 0; row < this.data.count; row++) {
      if (!this.visible(row)) continue;
      const [x, y] = this.view.screen(this.data.x[row] / 65535, this.data.y[row] / 65535);
      if (inside(corners, x, y)) rows.push(this.data.row[row]);
    }
    this.selection.set(rows);
  }

  private listen(): void {
    const { plane, pointers } = this;
    const at = (event: MouseEvent): [number, number] => {
      const around = plane.getBoundingClientRect();
      return [event.clientX - around.left, event.clientY - around.top];
    };
    plane.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, at(event));
      this.dragged = false;
      plane.setPointerCapture(event.pointerId);
      if (pointers.size === 1 && (this.selecting || event.shiftKey)) this.lasso = [at(event)];
      else this.lasso = null;
      if (event.pointerType === "touch") this.point(...at(event), 2 * NEAR);
    });
    plane.addEventListener("pointermove", (event) => {
      const now = at(event);
      const before = pointers.get(event.pointerId);
      if (!before) {
        this.point(...now, NEAR);
        return;
      }
      pointers.set(event.pointerId, now);
      if (this.lasso) this.lasso.push(now);
      else if (pointers.size === 2) {
        this.dragged = true;
        this.pinch(event.pointerId, before, now);
      } else {
        this.dragged ||= Math.hypot(now[0] - before[0], now[1] - before[1]) > 1;
        this.view.pan(now[0] - before[0], now[1] - before[1]);
        this.card.hide();
      }
      this.draw();
    });
    const end = (event: PointerEvent) => {
      pointers.delete(event.pointerId);
      const corners = this.lasso;
      if (!corners) {
        if (event.type === "pointerup" && !this.dragged) this.press(...at(event));
        return;
      }
      this.lasso = null;
      if (event.type === "pointerup" && corners.length > 2) this.take(corners);
      this.select(false);
    };
    plane.addEventListener("pointerup", end);
    plane.addEventListener("pointercancel", end);
    plane.addEventListener("pointerleave", (event) => {
      // A finger that is lifted leaves what it has touched.
      if (event.pointerType === "touch") return;
      this.card.hide();
      this.draw();
    });
    // Where the map can go no further out, the page scrolls on.
    plane.addEventListener(
      "wheel",
      (event) => {
        if (this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), at(event))) event.preventDefault();
      },
      { passive: false },
    );
    plane.addEventListener("dblclick", (event) => this.zoom(2, at(event)));
    plane.addEventListener("keydown", (event) => this.key(event));
  }

  private pinch(moved: number, before: [number, number], now: [number, number]): void {
    const still = [...this.pointers].find(([pointer]) => pointer !== moved)![1];
    const apart = (a: [number, number]) => Math.hypot(a[0] - still[0], a[1] - still[1]) || 1;
    this.view.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    this.zoom(apart(now) / apart(before), [(now[0] + still[0]) / 2, (now[1] + still[1]) / 2]);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { width, height } = this.view;
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [STEP, 0],
      ArrowRight: [-STEP, 0],
      ArrowUp: [0, STEP],
      ArrowDown: [0, -STEP],
    };
    const move = moves[event.key];
    if (move) this.view.pan(...move);
    else if (event.key === "+" || event.key === "=") this.zoom(ZOOM);
    else if (event.key === "-") this.zoom(1 / ZOOM);
    else if (event.key === "0") this.view.fit();
    else if (event.key === "s") this.take([[0, 0], [width, 0], [width, height], [0, height]]);
    else if (event.key === "Enter" && this.pressed) this.press(width / 2, height / 2);
    else if (event.key === "Escape") {
      this.selection.clear();
      this.select(false);
      this.card.hide();
    } else return;
    event.preventDefault();
    // What the card says is of the point next to the middle.
    if (event.key !== "Escape" && event.key !== "s") this.point(width / 2, height / 2, Math.max(width, height));
    this.draw();
  }
}
