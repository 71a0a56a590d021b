// Which part of the plane is seen: `scale` pixels for the whole width of the data, around a centre in data units 0 to 1.

export class View {
  width = 1;
  height = 1;
  private x = 0.5;
  private y = 0.5;
  private zoom = 1;

  /** `around` is the box of the data: from x, from y, to x, to y. */
  constructor(private readonly around: [number, number, number, number]) {
    this.fit();
  }

  get scale(): number {
    const [x0, y0, x1, y1] = this.around;
    const room = 0.92;
    return this.zoom * Math.min((room * this.width) / (x1 - x0), (room * this.height) / (y1 - y0));
  }

  get zoomed(): boolean {
    return this.zoom > 1.001;
  }

  get factor(): number {
    return this.zoom;
  }

  fit(): void {
    const [x0, y0, x1, y1] = this.around;
    [this.x, this.y, this.zoom] = [(x0 + x1) / 2, (y0 + y1) / 2, 1];
  }

  /** Data to pixels, from the top left. */
  screen(x: number, y: number): [number, number] {
    return [(x - this.x) * this.scale + this.width / 2, (this.y - y) * this.scale + this.height / 2];
  }

  /** What to multiply data by and what to add for WebGL's -1 to 1. */
  clip(): [number, number, number, number] {
    const [a, b] = [(2 * this.scale) / this.width, (2 * this.scale) / this.height];
    return [a, b, -this.x * a, -this.y * b];
  }

  pan(dx: number, dy: number): void {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
    this.stay();
  }

  /** Zoom so that what is at this pixel stays there; false if it is as far out, or in, as it goes. */
  zoomAt(px: number, py: number, by: number): boolean {
    const before = this.zoom;
    const [fx, fy] = [(px - this.width / 2) / this.scale, (py - this.height / 2) / this.scale];
    this.zoom = Math.min(400, Math.max(1, this.zoom * by));
    if (this.zoom === before) return false;
    if (this.zoom === 1) this.fit();
    else {
      const kept = 1 - before / this.zoom;
      this.x += fx * kept;
      this.y -= fy * kept;
      this.stay();
    }
    return true;
  }

  private stay(): void {
    const [x0, y0, x1, y1] = this.around;
    this.x = Math.min(x1, Math.max(x0, this.x));
    this.y = Math.min(y1, Math.max(y0, this.y));
  }
}
