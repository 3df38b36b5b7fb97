import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Client } from "../api/client";
import { followEvents } from "../api/events";
import { CLOCK_PROBLEM, OfflineError, RefusedError } from "../api/problem";
import type { ServerClock } from "../identity/clock";
import type { Doorbell, ServerEvent, Visit } from "../protocol.gen";
import { recall, remember } from "./cache";
import { isRinging, withDoorbell, withLatest, withPage, withVisit } from "./merge";

export type Connection = "connecting" | "online" | "offline";

// "2 min ago" need not be truer than this.
const NOW_EVERY_MS = 10_000;
// Saving on every event would stutter while a visit unfolds.
const SAVE_AFTER_MS = 500;

/** Everything the app knows of the doors, kept true by the server's events. */
export class Household {
	readonly doorbells = signal<readonly Doorbell[]>([]);
	readonly visits = signal<readonly Visit[]>([]);
	readonly older = signal<string | null>(null);
	readonly connection = signal<Connection>("connecting");
	/** Why the last load failed: no history right, an unknown phone, a wrong clock. */
	readonly trouble = signal<RefusedError | null>(null);
	/** Whether the server does not know this phone at all any more. */
	readonly unknown = computed(() => {
		const trouble = this.trouble.value;
		return trouble?.status === 401 && trouble.type !== CLOCK_PROBLEM;
	});
	/** Whether the server has answered since the app opened. */
	readonly loaded = signal(false);
	/** The server's time, often enough for "2 min ago". */
	readonly nowMs = signal(Date.now());
	/** How often the picture of a visit changed while the app was open. */
	readonly pictures = signal<ReadonlyMap<string, number>>(new Map());
	/** Told for every press, as soon as it is known. */
	onRing: (visit: Visit) => void = () => undefined;
	#saving: ReturnType<typeof setTimeout> | undefined;

	constructor(
		private readonly client: Client,
		private readonly clock: ServerClock,
	) {
		const known = recall();
		if (!known) return;
		this.doorbells.value = known.doorbells;
		this.visits.value = known.visits;
	}

	/** Follow the server until `signal` aborts. */
	async run(signal: AbortSignal): Promise<void> {
		const ticking = setInterval(() => this.#tick(), NOW_EVERY_MS);
		signal.addEventListener("abort", () => clearInterval(ticking));
		void this.refresh(signal);
		await followEvents(
			this.client.http,
			{
				opened: () => {
					const again = this.connection.value === "offline";
					this.connection.value = "online";
					if (again) void this.refresh(signal);
				},
				event: (event) => this.apply(event),
				closed: (error) => this.#closed(error),
			},
			signal,
		);
	}

	/** Load doorbells and the newest visits. */
	async refresh(signal?: AbortSignal): Promise<void> {
		try {
			const [doorbells, page] = await Promise.all([
				this.client.doorbells(signal),
				this.client.visits(null, signal),
			]);
			this.doorbells.value = doorbells;
			this.visits.value = page.items;
			this.older.value = page.next;
			this.trouble.value = null;
			this.loaded.value = true;
			this.#save();
			this.#tick();
			for (const visit of page.items) if (isRinging(visit, this.now())) this.onRing(visit);
		} catch (error) {
			if (!signal?.aborted) this.#closed(error);
		}
	}

	/** Load one more page of older visits. */
	async loadOlder(): Promise<void> {
		const cursor = this.older.value;
		if (!cursor) return;
		const page = await this.client.visits(cursor);
		this.visits.value = withPage(this.visits.value, page.items);
		this.older.value = page.next;
	}

	/** Take in what the server says. */
	apply(event: ServerEvent): void {
		if (event.type === "doorbell") {
			if (!this.doorbells.value.some(({ id }) => id === event.id)) void this.refresh();
			this.doorbells.value = withDoorbell(this.doorbells.value, event);
		} else {
			this.visits.value = withVisit(this.visits.value, event.visit);
			this.doorbells.value = withLatest(this.doorbells.value, event.visit);
			if (event.change === "snapshot") this.#newPicture(event.visit.id);
			if (event.change === "opened" || event.change === "rang") {
				if (event.visit.rang_ms !== null) performance.mark("doorstep:ring-heard");
				this.onRing(event.visit);
			}
		}
		this.#tick();
		this.#save();
	}

	/** A visit by its id, live. */
	visit(id: string): ReadonlySignal<Visit | undefined> {
		return computed(() => this.visits.value.find((visit) => visit.id === id));
	}

	/** Make sure that a visit is known; rejects when it is not there. */
	async fetchVisit(id: string, signal?: AbortSignal): Promise<void> {
		const visit = await this.client.visit(id, signal);
		this.visits.value = withVisit(this.visits.value, visit);
	}

	async deleteVisit(id: string): Promise<void> {
		await this.client.deleteVisit(id);
		this.visits.value = this.visits.value.filter((visit) => visit.id !== id);
		this.#save();
	}

	doorbell(id: string): Doorbell | undefined {
		return this.doorbells.value.find((doorbell) => doorbell.id === id);
	}

	now(): number {
		return this.clock.nowMs();
	}

	#closed(error: unknown): void {
		if (error instanceof RefusedError && error.status < 500) {
			this.trouble.value = error;
			this.loaded.value = true;
		}
		if (error instanceof OfflineError || error === undefined || isServerAway(error)) {
			this.connection.value = "offline";
		}
	}

	#newPicture(id: string): void {
		const version = (this.pictures.value.get(id) ?? 0) + 1;
		this.pictures.value = new Map(this.pictures.value).set(id, version);
	}

	#tick(): void {
		this.nowMs.value = this.now();
	}

	#save(): void {
		clearTimeout(this.#saving);
		this.#saving = setTimeout(() => {
			remember({ doorbells: this.doorbells.value, visits: this.visits.value });
		}, SAVE_AFTER_MS);
	}
}

function isServerAway(error: unknown): boolean {
	return (error instanceof RefusedError && error.status >= 500) || error instanceof DOMException;
}
