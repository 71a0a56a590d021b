// What points are coloured by: how each is painted, and what the key says of it.
import { Column, Data, MISSING } from "./data";

export type RGB = [number, number, number];

export interface Colouring {
  label: string;
  of: (row: number) => RGB;
  /** From the darkest to the brightest of a scale, or the words of the colours. */
  key: { low: string; high: string } | { words: [string, string][] } | null;
}

/** The forms of points, by their numbers in the shader: where colours are used up, they begin again in the next form. */
export const SHAPES = ["circle", "square", "diamond", "triangle"];

export function shapeOf(cluster: number, colours: number): number {
  return cluster < 0 ? 0 : Math.floor(cluster / colours) % SHAPES.length;
}

const NONE = "#8a8f98";
export const rgb = (hex: string): RGB => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as RGB;

const short = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));

/** All that points can be coloured by, the clusters first; columns where every row has its own words are left out. */
export function colourings(data: Data): Colouring[] {
  const { colours, ramp, count } = data;
  const none = rgb(NONE);
  const scale = ramp.map(rgb);
  const along = (label: string, values: Float32Array, low: number, high: number, lowest: string, highest: string) => ({
    label,
    of: (row: number) => {
      const share = (values[row] - low) / (high - low || 1);
      return Number.isNaN(share) ? none : scale[Math.round(Math.min(1, Math.max(0, share)) * (scale.length - 1))];
    },
    key: { low: lowest, high: highest },
  });
  const clusters = colours.map(rgb);
  const found: Colouring[] = [
    { label: "cluster", of: (row) => (data.cluster[row] < 0 ? none : clusters[data.cluster[row] % clusters.length]), key: null },
    along("confidence", data.confidence, 0.5, 1, "50 % or less", "100 %"),
  ];
  if (data.outlier) found.push(along("outlier score", data.outlier, 0, 1, "usual", "unusual"));
  for (const column of data.columns) {
    const one = ofColumn(column, count, colours, none, along);
    if (one) found.push(one);
  }
  return found;
}

function ofColumn(
  column: Column,
  count: number,
  colours: string[],
  none: RGB,
  along: (label: string, values: Float32Array, low: number, high: number, lowest: string, highest: string) => Colouring,
): Colouring | null {
  if ("numbers" in column) {
    // Far values would leave all others in one colour.
    const sorted = column.numbers.filter((value) => !Number.isNaN(value)).sort();
    if (!sorted.length || sorted[0] === sorted[sorted.length - 1]) return null;
    const [low, high] = [sorted[Math.floor(0.02 * (sorted.length - 1))], sorted[Math.ceil(0.98 * (sorted.length - 1))]];
    const [from, to] = low < high ? [low, high] : [sorted[0], sorted[sorted.length - 1]];
    return along(column.name, column.numbers, from, to, short(from), short(to));
  }
  const sizes = new Array<number>(column.words.length).fill(0);
  for (const code of column.codes) if (code !== MISSING) sizes[code]++;
  if (column.words.length < 2 || column.words.length > Math.max(20, count / 10)) return null;
  const order = sizes.map((_, code) => code).sort((a, b) => sizes[b] - sizes[a]);
  const shown = order.slice(0, colours.length);
  const paint = new Map(shown.map((code, place) => [code, rgb(colours[place])]));
  const words = shown.map((code, place): [string, string] => [column.words[code], colours[place]]);
  if (order.length > shown.length) words.push([`${order.length - shown.length} others`, NONE]);
  return { label: column.name, of: (row) => paint.get(column.codes[row]) ?? none, key: { words } };
}

/** A value of a column as the card shows it. */
export function shown(column: Column, row: number): string {
  if ("numbers" in column) return Number.isNaN(column.numbers[row]) ? "–" : short(column.numbers[row]);
  return column.codes[row] === MISSING ? "–" : column.words[column.codes[row]];
}
