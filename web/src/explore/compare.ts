// Two runs of the same rows: how their clusters match.
import { get, Match } from "./api";
import { button, made } from "./parts";
import { Store } from "./store";

export class ComparePanel {
  private readonly words = made("p", { class: "note" });
  private readonly body = made("tbody");
  private asked = -1;

  constructor(panel: HTMLElement, private readonly store: Store) {
    const head = ["this run", "the other", "rows in both", "overlap"].map((text) => made("th", { scope: "col" }, text));
    const table = made("table", { class: "compare" }, made("thead", {}, made("tr", {}, ...head)), this.body);
    panel.append(this.words, made("div", { class: "scroll" }, table));
    store.onChange(() => !panel.hidden && this.look());
  }

  look(): void {
    if (this.asked === this.store.state.version) return;
    this.asked = this.store.state.version;
    void this.store.trying(async () => {
      const { ari, matches } = await get<{ ari: number; matches: Match[] }>("api/matches");
      this.words.textContent = `The runs agree by an adjusted Rand index of ${ari.toFixed(3)}; 1 is the same clusters. Press a cluster to select its rows on both maps.`;
      this.body.replaceChildren(...matches.map((match) => this.line(match)));
    });
  }

  private line(match: Match): HTMLElement {
    const { store } = this;
    const select = () => {
      const rows: number[] = [];
      store.labels.forEach((cluster, row) => cluster === match.cluster && rows.push(row));
      store.choose(rows);
    };
    const other = match.other < 0 ? "none" : `${match.other_name} (${match.other_size.toLocaleString("en")})`;
    const own = button(`${match.name} (${match.size.toLocaleString("en")})`, select, { "data-match": match.cluster });
    return made(
      "tr",
      {},
      made("th", { scope: "row" }, own),
      made("td", {}, other),
      made("td", {}, match.both.toLocaleString("en")),
      made("td", {}, `${Math.floor(100 * match.overlap)} %`),
    );
  }
}
