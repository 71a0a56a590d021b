// Pieces of the page; what rows, columns and clusters say is only ever text.
import { percent, score } from "../map/card";
import { inert } from "../map/text";
import { Likely, Row, Seen } from "./api";

type Attributes = Record<string, string | number | boolean>;

export function made<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : inert(String(value)));
  }
  element.append(...inside.map((part) => (typeof part === "string" ? inert(part) : part)));
  return element;
}

export function button(text: string, pressed: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const found = made("button", { type: "button", ...attributes }, text);
  found.addEventListener("click", pressed);
  return found;
}

export const labelled = (text: string, field: HTMLElement): HTMLLabelElement => made("label", {}, text, field);

export const share = (value: number): string => (value < 0.01 ? "under 1 %" : percent(value));

/** Fill a list of clusters anew, and keep what was chosen if it is still there. */
export function options(select: HTMLSelectElement, all: [number, string][]): void {
  const before = select.value;
  select.replaceChildren(...all.map(([value, text]) => new Option(inert(text), String(value))));
  if (all.some(([value]) => String(value) === before)) select.value = before;
}

export function seen(shown: Seen, alt: string): HTMLElement {
  if (shown.picture) return made("img", { src: shown.picture, alt });
  if (shown.text !== null) return made("span", {}, shown.text);
  const cells = made("span", { class: "cells" });
  for (const [name, value] of shown.cells) cells.append(made("span", {}, made("i", {}, name), made("span", {}, value)));
  if (isNothing(shown)) cells.append(made("i", {}, "nothing to show"));
  return cells;
}

const isNothing = (shown: Seen): boolean => !shown.picture && shown.text === null && !shown.cells.length;

export const isWide = (shown: Seen): boolean => shown.picture === null;

export const titled = (title: string, shown: Seen): HTMLElement =>
  made("div", { class: isWide(shown) ? "one wide" : "one" }, made("b", {}, title), seen(shown, title));

export const UNUSUAL = "Outlier score: the share of comparable rows that are likelier: near 1 the row is unlike all others";

/** A row that can be taken into the selection. */
export function rowButton(row: Row, chosen: boolean, pressed: () => void): HTMLButtonElement {
  const facts = [
    [row.name ?? `Row ${row.row}`, `Row ${row.row}: press to select it`],
    [`${share(row.confidence)} sure`, "How likely the row belongs to its cluster, by the model's own estimate"],
  ];
  if (row.outlier !== null) facts.push([`outlier ${score(row.outlier)}`, UNUSUAL]);
  if (row.decided) facts.push(["by hand", "Somebody has put the row into its cluster"]);
  const found = button("", pressed, { class: "row", "aria-pressed": String(chosen), title: `Row ${row.row}: press to select it` });
  const said = made("span", { class: "about" }, ...facts.map(([text, title]) => made("small", { title }, text)));
  // What is known of a row is enough where nothing of it can be shown.
  found.append(...(isNothing(row.seen) ? [] : [seen(row.seen, "")]), said);
  return found;
}

export function likely(all: Likely[], name: (cluster: number) => string): HTMLElement {
  const found = made("div", { class: "likely" });
  for (const { cluster, probability } of all) {
    const title = "How likely the row belongs to this cluster, by the model's own estimate";
    const bar = made("progress", { max: 1, value: probability, title, "aria-label": `How likely cluster ${cluster} is` });
    found.append(made("span", {}, `cluster ${name(cluster)}`), bar, made("span", { title }, share(probability)));
  }
  return found;
}
