// All points in one draw call of WebGL 2.

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

  /** Throws where there is no WebGL 2. */
  constructor(private readonly canvas: HTMLCanvasElement, x: Uint16Array, y: Uint16Array, shapes: Uint8Array<ArrayBuffer>) {
    const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true });
    if (!gl) throw new Error("no WebGL 2");
    this.gl = gl;
    this.count = x.length;
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
    for (let i = 0; i < x.length; i++) [places[2 * i], places[2 * i + 1]] = [x[i], y[i]];
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
    this.shapes = attribute("shape", shapes, 1, gl.UNSIGNED_BYTE, false);
    this.colours = attribute("colour", new Uint8Array(4 * x.length), 4, gl.UNSIGNED_BYTE, true);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** RGBA of each point; alpha 0 is not drawn. */
  paint(rgba: Uint8Array<ArrayBuffer>): void {
    this.write(this.colours, rgba);
  }

  /** The form of each point. */
  form(shapes: Uint8Array<ArrayBuffer>): void {
    this.write(this.shapes, shapes);
  }

  private write(buffer: WebGLBuffer, values: Uint8Array<ArrayBuffer>): void {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, buffer);
    this.gl.bufferSubData(this.gl.ARRAY_BUFFER, 0, values);
  }

  draw(clip: [number, number, number, number], size: number): void {
    const gl = this.gl;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform4fv(this.uniform("clip"), clip);
    gl.uniform1f(this.uniform("size"), size);
    gl.drawArrays(gl.POINTS, 0, this.count);
  }
}
