import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { SoftwareView } from "../protocol.gen";
import type { HouseholdDesk } from "./desk";
import { NotDoneError } from "./requests";

// A download moves on by a percent in about this time; an installation takes a minute.
const FOLLOW_EVERY_MS = 2_000;
const REST_EVERY_MS = 20_000;
// A restart, the trial of the new version, and perhaps the way back.
const RESTART_LIMIT_MS = 6 * 60_000;

/** The doorbell's software as the page shows it; follows what is under way until `close`. */
export class Software {
	readonly view = signal<SoftwareView | null>(null);
	/** The version that was installed while the page was open. */
	readonly done = signal("");
	/** The doorbell is too old to be asked. */
	readonly unknown = signal(false);
	/** The doorbell is expected to be away: it restarts. */
	readonly restarting: ReadonlySignal<boolean>;
	readonly #installing = signal(false);
	#timer: ReturnType<typeof setTimeout> | undefined;
	#over = false;
	#sinceMs = 0;

	constructor(
		private readonly desk: HouseholdDesk,
		private readonly now: () => number,
	) {
		this.restarting = computed(() => this.#installing.value && desk.state.value.phase !== "open");
	}

	start(): void {
		void this.#follow();
	}

	close(): void {
		this.#over = true;
		clearTimeout(this.#timer);
	}

	/** Ask where updates come from; rejects with a NotDoneError. */
	async look(): Promise<void> {
		this.#take(await this.desk.ask({ type: "update_state", look: true }));
	}

	/** Install the offered version; rejects with a NotDoneError. */
	async install(): Promise<void> {
		const version = this.view.value?.latest;
		if (!version) return;
		this.done.value = "";
		this.#take(await this.desk.ask({ type: "update_install", version }));
		this.#again(FOLLOW_EVERY_MS);
	}

	async #follow(): Promise<void> {
		const phase = this.desk.state.value.phase;
		if (phase === "open") {
			await this.#ask();
		} else if (phase === "closed" && this.#expected()) this.desk.retry();
		const busy = this.#isBusy() || phase !== "open";
		this.#again(busy ? FOLLOW_EVERY_MS : REST_EVERY_MS);
	}

	async #ask(): Promise<void> {
		try {
			this.#take(await this.desk.ask({ type: "update_state", look: false }));
		} catch (error) {
			// That nobody answers shows as the state of the line.
			this.unknown.value = error instanceof NotDoneError && error.reason !== "silent";
		}
	}

	#again(afterMs: number): void {
		clearTimeout(this.#timer);
		if (!this.#over) this.#timer = setTimeout(() => void this.#follow(), afterMs);
	}

	#take(reply: { type: string }): void {
		if (this.#over || reply.type !== "software") return;
		const [before, view] = [this.view.value, reply as SoftwareView];
		if (before && before.installed !== view.installed) this.done.value = view.installed;
		this.view.value = view;
		// A small one is downloaded and tried between two looks.
		if (this.#isBusy()) this.#sinceMs = this.now();
		this.#installing.value = this.#isBusy();
	}

	#isBusy(): boolean {
		return ["downloading", "waiting", "installing"].includes(this.view.value?.step ?? "");
	}

	#expected(): boolean {
		if (!this.#installing.value) return false;
		if (this.now() - this.#sinceMs < RESTART_LIMIT_MS) return true;
		this.#installing.value = false;
		return false;
	}
}
