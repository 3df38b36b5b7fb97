import type { Shown, Statistics, View } from "../protocol.gen";
import { type Channel, objectOf } from "./channel";
import type { Counters } from "./counters";

// Twenty a second look smooth; more would only queue.
const VIEW_EVERY_MS = 50;
// The channel sends nothing twice, so the last word of a gesture is said again.
const VIEW_AGAIN_MS = 250;
const VIEW_REPEATS = 4;
// When this much waits, an answer would arrive too late to tell anything.
const STALE_BYTES = 4096;

/** What a phone looks at: `zoom` times, centred on (`x`, `y`) of the whole picture. */
export type Look = Pick<View, "zoom" | "x" | "y">;

export interface LatestNeeds {
	/** What the video receiver has counted. */
	counters: () => Promise<Counters>;
	/** Whether a person can see the page. */
	visible: () => boolean;
	/** The close-up shows this now. */
	shown: (shown: Shown) => void;
	/** Something came: the way to the doorbell is alive. */
	heard: () => void;
}

/** The channel `latest`: pulses answered, views sent, and only the newest of each counts. */
export class Latest {
	#statistics = 0;
	#views = 0;
	readonly #newest = new Map<string, number>();
	#pulse: number | undefined;
	#answering = false;
	#look: Look | undefined;
	#repeats = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#sentAtMs = Number.NEGATIVE_INFINITY;
	#closed = false;

	constructor(
		private readonly channel: Channel,
		private readonly needs: LatestNeeds,
	) {
		channel.addEventListener("message", (event) => this.#take((event as MessageEvent).data));
		channel.addEventListener("open", () => this.#sendView());
	}

	/** Tell what this phone looks at now; replaces what was not sent yet. */
	look(look: Look): void {
		this.#look = look;
		this.#repeats = VIEW_REPEATS;
		this.#plan(this.#sentAtMs + VIEW_EVERY_MS - performance.now());
	}

	/** Say nothing more. */
	close(): void {
		this.#closed = true;
		clearTimeout(this.#timer);
	}

	#take(data: unknown): void {
		if (this.#closed) return;
		this.needs.heard();
		const message = objectOf(data);
		if (!message || !this.#isNewest(message.type, message.sequence)) return;
		if (message.type === "shown") this.needs.shown(message as unknown as Shown);
		if (message.type === "pulse") {
			this.#pulse = message.sequence as number;
			void this.#answer();
		}
	}

	#isNewest(type: unknown, sequence: unknown): boolean {
		if (typeof type !== "string" || typeof sequence !== "number") return false;
		if (sequence <= (this.#newest.get(type) ?? 0)) return false;
		this.#newest.set(type, sequence);
		return true;
	}

	/** Answer the newest pulse; one that comes while the browser counts is answered after it. */
	async #answer(): Promise<void> {
		if (this.#answering) return;
		this.#answering = true;
		while (this.#pulse !== undefined && !this.#closed) {
			const pulse = this.#pulse;
			this.#pulse = undefined;
			const counters = await this.needs.counters().catch(() => undefined);
			if (counters && this.channel.bufferedAmount < STALE_BYTES) this.#report(pulse, counters);
		}
		this.#answering = false;
	}

	#report(pulse: number, counters: Counters): void {
		this.#statistics += 1;
		this.#send({
			type: "statistics",
			sequence: this.#statistics,
			pulse,
			bytes_received: counters.bytes,
			packets_received: counters.packets,
			packets_lost: counters.lost,
			frames_decoded: counters.decoded,
			frames_dropped: counters.dropped,
			freezes: counters.freezes,
			jitter_ms: counters.jitterMs,
			visible: this.needs.visible(),
		});
	}

	#plan(inMs: number): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#sendView(), Math.max(0, inMs));
	}

	#sendView(): void {
		if (!this.#look || this.#closed || this.channel.readyState !== "open") return;
		if (this.channel.bufferedAmount > 0) {
			this.#plan(VIEW_EVERY_MS);
			return;
		}
		this.#sentAtMs = performance.now();
		this.#views += 1;
		this.#send({ type: "view", sequence: this.#views, ...this.#look });
		this.#repeats -= 1;
		if (this.#repeats > 0) this.#plan(VIEW_AGAIN_MS);
	}

	#send(message: Statistics | View): void {
		if (this.#closed || this.channel.readyState !== "open") return;
		this.channel.send(JSON.stringify(message));
	}
}
