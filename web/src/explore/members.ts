// The rows of a cluster, page by page, over all rows of the fit.
import { get, Members } from "./api";
import { button, isWide, labelled, made, options, rowButton } from "./parts";
import { Store } from "./store";

const ORDERS: [string, string][] = [
  ["confidence ascending", "least sure first"],
  ["confidence descending", "surest first"],
  ["outlier descending", "most unusual first"],
  ["row ascending", "as in the data"],
];

export class MembersPanel {
  private page = 0;
  private asked = 0;
  private shown: Members | null = null;
  private readonly cluster = made("select", { "data-of": true });
  private readonly order = made("select", { "data-order": true });
  private readonly place = made("span", { class: "note", "data-place": true });
  private readonly list = made("ul", { class: "list members", "aria-label": "Rows" });
  private readonly back = button("Back", () => this.turn(-1), { "data-back": true });
  private readonly next = button("Next", () => this.turn(1), { "data-next": true });

  constructor(panel: HTMLElement, private readonly store: Store) {
    for (const [value, text] of ORDERS) this.order.append(new Option(text, value));
    for (const field of [this.cluster, this.order]) field.addEventListener("change", () => this.first());
    const take = button("Select page", () => this.take(), { "data-take": true, title: "Add these rows to the selection" });
    panel.append(
      made("div", { class: "line" }, labelled("Cluster", this.cluster), labelled("Order", this.order)),
      made("div", { class: "line" }, this.back, this.next, take, this.place),
      this.list,
    );
    store.onChange(() => {
      options(this.cluster, store.list(store.state.none > 0));
      if (this.shown) void this.load();
    });
    store.onChosen(() => this.fill());
  }

  open(cluster: number): void {
    this.cluster.value = String(cluster);
    this.first();
  }

  /** Load when it is first looked at. */
  look(): void {
    if (!this.shown) void this.load();
  }

  private first(): void {
    this.page = 0;
    void this.load();
  }

  private turn(by: number): void {
    this.page += by;
    void this.load();
  }

  private take(): void {
    if (this.shown) this.store.choose([...this.store.chosen, ...this.shown.rows.map(({ row }) => row)]);
  }

  private load(): Promise<void> {
    return this.store.trying(async () => {
      const [by, way] = this.order.value.split(" ");
      const asked = ++this.asked;
      const address = (page: number) =>
        `api/members?cluster=${this.cluster.value}&by=${by}&descending=${way === "descending"}&page=${page}`;
      // An edit may have left fewer pages.
      const found = await get<Members>(address(this.page)).catch(() => get<Members>(address(0)));
      // A later question may have been answered first.
      if (asked !== this.asked) return;
      [this.shown, this.page] = [found, found.page];
      this.fill();
    });
  }

  private fill(): void {
    const { shown, store } = this;
    if (!shown) return;
    this.back.disabled = shown.page === 0;
    this.next.disabled = shown.page + 1 >= shown.pages;
    this.place.textContent = `Page ${shown.page + 1} of ${shown.pages.toLocaleString("en")}, ${shown.total.toLocaleString("en")} rows`;
    const focused = document.activeElement?.closest("[data-row]")?.getAttribute("data-row");
    this.list.classList.toggle("wide", shown.rows.some(({ seen }) => isWide(seen)));
    this.list.replaceChildren(
      ...shown.rows.map((row) =>
        made("li", { "data-row": row.row }, rowButton(row, store.chosen.has(row.row), () => store.toggle(row.row))),
      ),
    );
    if (focused) this.list.querySelector<HTMLElement>(`[data-row="${focused}"] button`)?.focus();
  }
}
