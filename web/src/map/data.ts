// What is known of the rows on a map, as report/sections/map.py wrote it.

import { inert } from "./text";

export interface Written {
  total: number;
  row: string;
  x: string;
  y: string;
  cluster: string;
  confidence: string;
  outlier: string | null;
  names: string[] | null;
  columns: (WrittenNumbers | WrittenWords)[];
  clusters: string[];
  pictures: WrittenPictures | null;
  colours: string[];
  ramp: string[];
}
interface WrittenNumbers {
  name: string;
  numbers: string;
}
interface WrittenWords {
  name: string;
  codes: string;
  words: string[];
}
interface WrittenPictures {
  source: string;
  width: number;
  height: number;
  across: number;
  lines: string;
}

/** A column of the user's table: numbers, NaN where missing, or words by code, MISSING where missing. */
export type Column = { name: string; numbers: Float32Array } | { name: string; codes: Uint16Array; words: string[] };

export interface Pictures {
  image: HTMLImageElement;
  width: number;
  height: number;
  across: number;
  /** Which picture each row has, or -1. */
  of: Int32Array;
}

/** Rows on a map by their lines; `row` has the number of each among all rows. */
export interface Data {
  count: number;
  total: number;
  row: Uint32Array;
  /** Places from 0 to 65535, y upwards. */
  x: Uint16Array;
  y: Uint16Array;
  cluster: Int16Array;
  confidence: Float32Array;
  outlier: Float32Array | null;
  names: string[] | null;
  columns: Column[];
  clusters: string[];
  pictures: Pictures | null;
  colours: string[];
  ramp: string[];
}

export const MISSING = 65535;

function bytes(text: string): ArrayBuffer {
  const binary = atob(text);
  const found = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) found[i] = binary.charCodeAt(i);
  return found.buffer;
}

/** Shares of 1, NaN where missing. */
const shares = (text: string): Float32Array =>
  Float32Array.from(new Uint16Array(bytes(text)), (value) => (value === MISSING ? NaN : value / (MISSING - 1)));

/** What stands in a page, packed. */
export async function unpacked(element: HTMLElement): Promise<Written> {
  const packed = new Blob([bytes(element.textContent!.trim())]);
  const text = await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).text();
  return JSON.parse(text) as Written;
}

export async function read(written: Written): Promise<Data> {
  const x = new Uint16Array(bytes(written.x));
  return {
    count: x.length,
    total: written.total,
    row: new Uint32Array(bytes(written.row)),
    x,
    y: new Uint16Array(bytes(written.y)),
    cluster: new Int16Array(bytes(written.cluster)),
    confidence: shares(written.confidence),
    outlier: written.outlier === null ? null : shares(written.outlier),
    names: written.names,
    columns: written.columns.map((column) =>
      "numbers" in column
        ? { name: inert(column.name), numbers: new Float32Array(bytes(column.numbers)) }
        : { name: inert(column.name), codes: new Uint16Array(bytes(column.codes)), words: column.words.map(inert) },
    ),
    clusters: written.clusters.map(inert),
    pictures: written.pictures && (await pictures(written.pictures, x.length)),
    colours: written.colours,
    ramp: written.ramp,
  };
}

async function pictures(written: WrittenPictures, count: number): Promise<Pictures | null> {
  const image = new Image();
  image.src = written.source;
  try {
    await image.decode();
  } catch {
    return null;
  }
  const of = new Int32Array(count).fill(-1);
  new Uint32Array(bytes(written.lines)).forEach((line, number) => (of[line] = number));
  return { image, width: written.width, height: written.height, across: written.across, of };
}
