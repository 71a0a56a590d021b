// All clusters: chosen ones are renamed, merged or split.
import { shapeOf, SHAPES } from "../map/colouring";
import { button, labelled, made, share } from "./parts";
import { Store } from "./store";

export class ClustersPanel {
  private readonly chosen = new Set<number>();
  private readonly list = made("ul", { class: "list clusters", "aria-label": "Clusters" });
  private readonly name = made("input", { type: "text", "data-name": true, maxlength: 200 });
  private readonly parts = made("input", { type: "number", min: 2, max: 99, "data-parts": true, placeholder: "auto" });
  private readonly one = made("div", { class: "line" });
  private readonly several = made("div", { class: "line" });
  private readonly hint = made("p", { class: "note" }, "Tick one cluster to rename or split it, several to merge them.");

  constructor(
    panel: HTMLElement,
    private readonly store: Store,
    private readonly colours: string[],
    private readonly opened: (cluster: number) => void,
  ) {
    const [rename, split, merge] = [
      button("Rename", () => this.rename(), { "data-rename": true }),
      button("Split", () => this.split(), { "data-split": true, title: "By a fit to the rows of this cluster" }),
      button("Merge", () => this.merge(), { "data-merge": true }),
    ];
    this.name.addEventListener("keydown", (event) => event.key === "Enter" && this.rename());
    this.one.append(labelled("Name", this.name), rename, labelled("Parts", this.parts), split);
    this.several.append(merge);
    panel.append(this.list, this.hint, this.one, this.several);
    store.onChange(() => this.fill());
  }

  private fill(): void {
    const { state } = this.store;
    for (const cluster of this.chosen) if (cluster >= state.clusters.length) this.chosen.delete(cluster);
    const focused = document.activeElement?.getAttribute("data-cluster");
    this.list.replaceChildren(
      ...state.clusters.map(({ number, size, confidence }) => {
        const tick = made("input", { type: "checkbox", "data-tick": number, "aria-label": `Choose cluster ${this.store.name(number)}` });
        tick.checked = this.chosen.has(number);
        tick.addEventListener("change", () => {
          if (!this.chosen.delete(number)) this.chosen.add(number);
          this.actions();
        });
        const open = button(this.store.name(number), () => this.opened(number), { "data-cluster": number, title: "Show its rows" });
        const mark = made("i", { class: `map-mark ${SHAPES[shapeOf(number, this.colours.length)]}` });
        mark.style.background = this.colours[number % this.colours.length];
        const sure = confidence === null ? "" : `, ${share(confidence)} sure`;
        const title = "Rows of the fit in this cluster, and how likely they belong where the fit has put them, on average";
        return made("li", {}, tick, mark, open, made("span", { title }, `${size.toLocaleString("en")} ${size === 1 ? "row" : "rows"}${sure}`));
      }),
    );
    if (state.none) {
      const open = button("in none", () => this.opened(-1), { "data-cluster": -1 });
      const item = made("li", {}, made("span"), made("i", { class: "map-mark circle" }), open);
      this.list.append(item);
      item.append(made("span", { title: "Rows of the fit in no cluster" }, `${state.none.toLocaleString("en")} ${state.none === 1 ? "row" : "rows"}`));
    }
    if (focused) this.list.querySelector<HTMLElement>(`[data-cluster="${focused}"]`)?.focus();
    this.actions();
  }

  private actions(): void {
    const [first, ...others] = this.chosen;
    this.one.hidden = first === undefined || others.length > 0;
    this.several.hidden = others.length === 0;
    this.hint.hidden = first !== undefined;
    if (!this.one.hidden && document.activeElement !== this.name) this.name.value = this.store.state.clusters[first].name;
    this.several.querySelector("button")!.textContent = `Merge ${this.chosen.size} clusters`;
  }

  private rename(): void {
    const [cluster] = this.chosen;
    void this.store.edit({ edit: "rename", cluster, to: this.name.value });
  }

  private merge(): void {
    const clusters = [...this.chosen];
    const before = this.store.state.version;
    // After it numbers stand for other clusters.
    this.chosen.clear();
    void this.store.edit({ edit: "merge", clusters }).then(() => {
      if (this.store.state.version === before) clusters.forEach((cluster) => this.chosen.add(cluster));
      this.actions();
    });
  }

  private split(): void {
    const [cluster] = this.chosen;
    const parts = this.parts.value ? Number(this.parts.value) : null;
    void this.store.begin("api/split", { cluster, parts });
  }
}
