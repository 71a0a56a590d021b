// All points in one draw call of WebGL 2; where that takes too long, fewer of them while they move.

// Milliseconds that points may take of a frame while they move, and after which they rest.
const QUICK = 12;
const REST = 150;
// So many are quick everywhere: if they took long, it was something else that did.
const LEAST = 5000;

const VERTEX = `#version 300 es
in vec2 place; in vec4 colour; in float shape;
uniform vec4 clip; uniform float size;
out vec4 tint; flat out int form;
void main() {
  gl_Position = vec4(place * clip.xy + clip.zw, colour.a > 0.0 ? 0.0 : 2.0, 1.0);
  gl_PointSize = size; tint = colour; form = int(shape + 0.5);
}`;
// Circle, square, diamond, triangle: as far as the edge is, in pixels, so far it is drawn.
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 tint; flat in int form; uniform float size; out vec4 shown;
void main() {
  vec2 at = (gl_PointCoord - 0.5) * size; float reach = size * 0.5 - 0.5;
  float edge = form == 1 ? max(abs(at.x), abs(at.y)) - reach * 0.84
    : form == 2 ? (abs(at.x) + abs(at.y)) - reach
    : form == 3 ? max(abs(at.x) * 0.866 - at.y * 0.5, at.y) - reach * 0.55
    : length(at) - reach;
  float seen = clamp(0.5 - edge, 0.0, 1.0) * tint.a;
  if (seen <= 0.0) discard;
  shown = vec4(tint.rgb * seen, seen);
}`;

export class Points {
  private readonly gl: WebGL2RenderingContext;
  private readonly colours: WebGLBuffer;
  private readonly shapes: WebGLBuffer;
  private readonly uniform: (name: string) => WebGLUniformLocation | null;
  private readonly count: number;
  // Lines in a random order, that of drawing: the first of them stand for all, and no cluster lies on the others.
  private readonly order: Uint32Array;
  // What is shown: the clip and the size, or "" if colours, forms or the canvas have changed since.
  private shown = "";
  // How many are drawn while they move, as all took when they were drawn last at rest; null before they ever moved.
  private moving: number | null = null;
  private rest = 0;

  /** Throws where there is no WebGL 2. */
  constructor(private readonly canvas: HTMLCanvasElement, x: Uint16Array, y: Uint16Array, shapes: Uint8Array<ArrayBuffer>) {
    const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true });
    if (!gl) throw new Error("no WebGL 2");
    this.gl = gl;
    this.count = x.length;
    this.order = shuffled(x.length);
    const program = gl.createProgram()!;
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
      const shader = gl.createShader(kind)!;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "no program");
    gl.useProgram(program);
    this.uniform = (name) => gl.getUniformLocation(program, name);
    const places = new Uint16Array(2 * x.length);
    this.order.forEach((line, i) => ([places[2 * i], places[2 * i + 1]] = [x[line], y[line]]));
    const attribute = (name: string, values: ArrayBufferView<ArrayBuffer>, size: number, kind: number, normalised: boolean) => {
      const buffer = gl.createBuffer()!;
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
      const at = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, size, kind, normalised, 0, 0);
      return buffer;
    };
    attribute("place", places, 2, gl.UNSIGNED_SHORT, true);
    this.shapes = attribute("shape", this.ordered(shapes), 1, gl.UNSIGNED_BYTE, false);
    this.colours = attribute("colour", new Uint8Array(4 * x.length), 4, gl.UNSIGNED_BYTE, true);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** RGBA of each point; alpha 0 is not drawn. */
  paint(rgba: Uint8Array<ArrayBuffer>): void {
    const ordered = this.ordered(new Uint32Array(rgba.buffer));
    this.write(this.colours, new Uint8Array(ordered.buffer));
  }

  /** The form of each point. */
  form(shapes: Uint8Array<ArrayBuffer>): void {
    this.write(this.shapes, this.ordered(shapes));
  }

  /** Have all drawn again, as the canvas is empty. */
  emptied(): void {
    this.shown = "";
  }

  private ordered<T extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(values: T): T {
    const { order } = this;
    return values.map((_, i) => values[order[i]]) as T;
  }

  private write(buffer: WebGLBuffer, values: Uint8Array<ArrayBuffer>): void {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, buffer);
    this.gl.bufferSubData(this.gl.ARRAY_BUFFER, 0, values);
    this.shown = "";
  }

  /** Draw the points, if they are not shown so already. */
  draw(clip: [number, number, number, number], size: number): void {
    const asked = [...clip, size].join();
    if (asked === this.shown) return;
    const moves = this.shown !== "";
    this.shown = asked;
    const gl = this.gl;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.uniform4fv(this.uniform("clip"), clip);
    gl.uniform1f(this.uniform("size"), size);
    clearTimeout(this.rest);
    if (!moves) {
      this.first(this.count);
      return;
    }
    if (this.moving === null) this.measure();
    else this.first(this.moving);
    this.rest = setTimeout(() => this.measure(), REST);
  }

  /** Draw all, and see how many of them there is time for. */
  private measure(): void {
    const start = performance.now();
    this.first(this.count);
    // It waits until all is drawn.
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
    const share = QUICK / (performance.now() - start);
    this.moving = Math.min(this.count, Math.max(LEAST, Math.ceil(this.count * share)));
  }

  private first(count: number): void {
    const gl = this.gl;
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.drawArrays(gl.POINTS, 0, count);
  }
}

/** 0 to count - 1 in a random order, always the same. */
function shuffled(count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let state = 1;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
