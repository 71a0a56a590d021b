// What is done with the selected rows: they are moved into a cluster, or marked with a label.
import { button, labelled, made, options } from "./parts";
import { Store } from "./store";

export class Placing {
  constructor(bar: HTMLElement, store: Store) {
    const to = made("select", { "data-to": true });
    const label = made("input", { type: "text", "data-label": true, maxlength: 200 });
    const rows = () => [...store.chosen];
    const move = button("Move", () => void store.edit({ edit: "move", rows: rows(), cluster: Number(to.value) }), { "data-move": true });
    const mark = button("Mark", () => void store.edit({ edit: "mark", rows: rows(), label: label.value }), { "data-mark": true });
    label.addEventListener("keydown", (event) => event.key === "Enter" && mark.click());
    bar.append(
      made("span", { class: "line" }, labelled("Move to", to), move),
      made("span", { class: "line" }, labelled("Mark as", label), mark),
    );
    store.onChange(() => options(to, [...store.list(), [store.state.clusters.length, "a new cluster"], [-1, "none"]]));
  }
}
