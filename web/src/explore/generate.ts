// A row that the model makes, from the middle of a cluster along the directions in which it spreads most.
import { Generated, get, post } from "./api";
import { button, labelled, likely, made, options, share as percentOf, titled } from "./parts";
import { Store } from "./store";

// Standard deviations to either side.
const REACH = 3;
const STEP = "Standard deviations from the middle of the cluster";
const SLIDE = "The row in the middle of the cluster. Each slider moves along one direction in which its rows differ, in standard deviations, the largest first.";
const ALIKE = "The row in the middle of the cluster. There is nothing to slide along: no two of its rows differ to the model.";
const ALONE = "The one row of the cluster, as the model makes it again. There is nothing to slide along.";
const SPREAD = "How much of the differences between rows of this cluster lies along this direction";

export class GeneratePanel {
  private readonly cluster = made("select", { "data-from": true });
  private readonly sliders = made("div", { class: "list", "data-sliders": true });
  private readonly middle = button("Back to the middle", () => this.reset(), { "data-middle": true });
  private readonly about = made("p", { class: "note" }, SLIDE);
  private readonly result = made("div", { class: "list", "aria-live": "polite", "data-generated": true });
  private of: number | null = null;
  private asking = false;
  private again = false;

  constructor(panel: HTMLElement, private readonly store: Store) {
    panel.append(
      made("div", { class: "line" }, labelled("Cluster", this.cluster), this.middle),
      this.result,
      this.sliders,
      this.about,
    );
    this.cluster.addEventListener("change", () => void this.start());
    store.onChange(() => {
      options(this.cluster, store.list().filter(([cluster]) => store.state.clusters[cluster].size > 0));
      this.of = null;
      if (!panel.hidden) this.look();
    });
  }

  look(): void {
    if (this.of === null) void this.start();
    else this.ask();
  }

  private start(): Promise<void> {
    this.of = Number(this.cluster.value);
    return this.store.trying(async () => {
      this.result.replaceChildren(made("p", { class: "note" }, "Looking at the codes of all rows …"));
      const { shares } = await get<{ shares: number[] }>(`api/ways?cluster=${this.of}`);
      this.middle.hidden = !shares.length;
      this.about.textContent = shares.length ? SLIDE : this.store.state.clusters[this.of!].size === 1 ? ALONE : ALIKE;
      this.sliders.replaceChildren(
        ...shares.map((share, place) => {
          const slider = made("input", { type: "range", min: -REACH, max: REACH, step: 0.1, value: 0, title: STEP });
          const value = made("output", { title: STEP }, "0.0");
          slider.addEventListener("input", () => this.ask());
          const words = made("span", { title: SPREAD }, `Direction ${place + 1}, ${percentOf(share)} of the spread: `);
          return made("label", {}, words, value, slider);
        }),
      );
      this.ask();
    });
  }

  private reset(): void {
    for (const slider of this.sliders.querySelectorAll("input")) slider.value = "0";
    this.ask();
  }

  /** The newest steps are asked for when the last answer is there. */
  private ask(): void {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    const steps = Array.from(this.sliders.querySelectorAll("input"), (slider) => Number(slider.value));
    this.sliders.querySelectorAll("output").forEach((output, place) => (output.value = steps[place].toFixed(1)));
    void this.store
      .trying(async () => {
        const found = await post<Generated>("api/generated", { cluster: this.of, steps });
        this.result.replaceChildren(
          made("div", { class: "pair" }, titled("generated", found.seen), likely(found.clusters, (cluster) => this.store.name(cluster))),
        );
        this.store.map?.invite([found.place]);
      })
      .finally(() => {
        this.asking = false;
        if (!this.again) return;
        this.again = false;
        this.ask();
      });
  }
}
