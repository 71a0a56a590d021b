// What the page knows of the run: the server has it, and is asked again after each change.
import { RowMap } from "../map/map";
import { inert } from "../map/text";
import { bytes, Doing, get, post, State } from "./api";

// Between two looks at long work, in milliseconds.
const WAIT = 400;

export class Store {
  state!: State;
  labels!: Int32Array;
  /** Rows that are selected, on the map and in lists. */
  chosen = new Set<number>();
  map: RowMap | null = null;
  private readonly heard: (() => void)[] = [];
  private readonly chosenHeard: (() => void)[] = [];
  private watching = false;

  constructor(private readonly line: HTMLElement, private readonly bar: HTMLElement) {}

  /** Call at each change of the clusters, and once now if they are there. */
  onChange(listener: () => void): void {
    this.heard.push(listener);
    if (this.state) listener();
  }

  onChosen(listener: () => void): void {
    this.chosenHeard.push(listener);
  }

  name(cluster: number): string {
    const name = this.state.clusters[cluster]?.name;
    return cluster < 0 ? "in none" : name ? inert(`${cluster} · ${name}`) : String(cluster);
  }

  names(): string[] {
    return this.state.clusters.map((_, cluster) => this.name(cluster));
  }

  /** Clusters as a list to choose from. */
  list(none = false): [number, string][] {
    const all = this.state.clusters.map(({ number }): [number, string] => [number, this.name(number)]);
    return none ? [...all, [-1, "in none"]] : all;
  }

  say(text: string, wrong = false): void {
    this.line.textContent = inert(text);
    this.line.classList.toggle("wrong", wrong);
  }

  /** Do something that may fail, and say what went wrong. */
  async trying(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (problem) {
      this.say(problem instanceof Error ? problem.message : String(problem), true);
    }
  }

  async take(state: State): Promise<void> {
    const changed = state.version !== this.state?.version;
    const labels = changed ? new Int32Array(await bytes("api/labels")) : this.labels;
    // A later answer may have come first.
    if (state.version < this.state?.version) return;
    [this.state, this.labels] = [state, labels];
    if (changed) for (const listener of this.heard) listener();
    this.show(state.doing);
    if (state.doing?.running) void this.trying(() => this.watch());
  }

  refresh(): Promise<void> {
    return this.trying(async () => this.take(await get<State>("api/state")));
  }

  edit(edit: Record<string, unknown>): Promise<void> {
    return this.change("api/edits", edit);
  }

  change(path: string, body: unknown = {}): Promise<void> {
    return this.trying(async () => {
      const before = this.state.done.length;
      await this.take(await post<State>(path, body));
      const { done, undone } = this.state;
      this.say(done.length >= before && done.length ? `Done: ${done[done.length - 1]}.` : `Undone: ${undone[0] ?? ""}.`);
    });
  }

  /** Begin long work. */
  begin(path: string, body: unknown): Promise<void> {
    return this.trying(async () => {
      const doing = await post<Doing>(path, body);
      this.say(`${doing.what} …`);
      await this.watch();
    });
  }

  choose(rows: Iterable<number>): void {
    this.chosen = new Set(rows);
    for (const listener of this.chosenHeard) listener();
  }

  toggle(row: number): void {
    const rows = new Set(this.chosen);
    if (!rows.delete(row)) rows.add(row);
    this.choose(rows);
  }

  /** How far long work is. */
  private show(doing: Doing | null): void {
    this.bar.hidden = !doing?.running;
    if (!doing?.running) return;
    const { what, step, share, left } = doing;
    const done = share === null ? "" : `${Math.floor(100 * share)} %`;
    this.bar.querySelector("span")!.textContent = [`${what} …`, step, done, left && `${left} left`].filter(Boolean).join(" · ");
    const progress = this.bar.querySelector("progress")!;
    if (share === null) progress.removeAttribute("value");
    else progress.value = share;
  }

  private async watch(): Promise<void> {
    if (this.watching) return;
    this.watching = true;
    try {
      for (;;) {
        await new Promise((done) => setTimeout(done, WAIT));
        const state = await get<State>("api/state");
        await this.take(state);
        const doing = state.doing;
        if (doing?.running) continue;
        if (doing) this.say(doing.error ?? doing.said ?? "", doing.error !== null);
        return;
      }
    } finally {
      this.watching = false;
    }
  }
}
