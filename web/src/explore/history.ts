// What was edited, and versions of the run.
import { button, labelled, made } from "./parts";
import { Store } from "./store";

export class HistoryPanel {
  private readonly list = made("ol", { class: "history", "aria-label": "Edits", "data-edits": true });
  private readonly name = made("input", { type: "text", "data-version": true, maxlength: 100 });

  constructor(panel: HTMLElement, private readonly store: Store) {
    const save = button("Save version", () => void store.begin("api/save", { name: this.name.value }), { "data-save-version": true });
    this.name.addEventListener("keydown", (event) => event.key === "Enter" && save.click());
    panel.append(
      this.list,
      made("div", { class: "line" }, labelled("Name", this.name), save),
      made("p", { class: "note" }, "Every edit is kept as soon as it is made, and is there when you come back. A version is a run of its own, which predicts as the edited clusters say."),
    );
    for (const way of ["undo", "redo"] as const) {
      document.querySelector(`[data-${way}]`)!.addEventListener("click", () => void store.change(`api/${way}`));
    }
    store.onChange(() => this.fill());
  }

  private fill(): void {
    const { done, undone } = this.store.state;
    document.querySelector<HTMLButtonElement>("[data-undo]")!.disabled = !done.length;
    document.querySelector<HTMLButtonElement>("[data-redo]")!.disabled = !undone.length;
    this.list.replaceChildren(
      ...done.map((words) => made("li", {}, words)),
      ...undone.map((words) => made("li", { class: "undone" }, words)),
    );
    if (!this.list.childElementCount) this.list.append(made("li", { class: "note" }, "Nothing was edited yet."));
  }
}
