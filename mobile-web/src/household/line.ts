import { effect, signal } from "@preact/signals";
import type { Placed } from "../call/signed";
import type { HouseholdView } from "../protocol.gen";
import type { DataPeer } from "./data-peer";
import type { HouseholdDesk, LineState, SignedHead } from "./desk";
import { LineAttempt } from "./line-attempt";
import { type Answer, type Asked, NotDoneError } from "./requests";

// Offer, answer, ICE and DTLS; over a relay and a slow network they take some seconds.
const CONNECT_LIMIT_MS = 15_000;
// The doorbell says where its log stands as soon as a call begins.
const HEAD_LIMIT_MS = 10_000;

export interface LineNeeds {
	/** Post the signed offer, and check the doorbell's answer. */
	place: (offer: string, signal: AbortSignal) => Promise<Placed>;
	trickle: (placed: Placed, fragment: string, signal: AbortSignal) => Promise<void>;
	hangUp: (placed: Placed) => Promise<void>;
	/** Compare the certificate of the handshake with the signed fingerprint. */
	check: (connection: RTCPeerConnection, fingerprint: string) => Promise<unknown>;
	/** The statement in a head that this doorbell signed. */
	readHead: (text: string) => Promise<SignedHead>;
	makePeer: () => DataPeer;
}

/**
 * The way to a doorbell's household: a signed call that carries data alone. It comes back by itself
 * once; then a person decides.
 */
export class HouseholdLine implements HouseholdDesk {
	readonly state = signal<LineState>({ phase: "connecting", error: null });
	readonly view = signal<HouseholdView | null>(null);
	readonly head = signal<SignedHead | null>(null);
	#attempt: LineAttempt | undefined;
	#mayComeBack = true;
	#limit: ReturnType<typeof setTimeout> | undefined;
	#over = false;

	constructor(private readonly needs: LineNeeds) {}

	/** Connect; `state` tells the rest. */
	start(): void {
		this.#connect();
	}

	retry(): void {
		if (this.#over || this.state.value.phase !== "closed") return;
		this.#mayComeBack = true;
		this.#connect();
	}

	async ask(asked: Asked): Promise<Answer> {
		if (!this.#attempt) throw new NotDoneError("silent", "");
		return this.#attempt.requests.ask(asked);
	}

	/** The log's newest signed head: the doorbell gives one for each call, so call again. */
	freshHead(): Promise<SignedHead> {
		this.head.value = null;
		this.#mayComeBack = true;
		this.#connect();
		return new Promise((resolve, reject) => {
			const settle = (finish: () => void) => {
				clearTimeout(timer);
				stop();
				finish();
			};
			const timer = setTimeout(
				() => settle(() => reject(new NotDoneError("silent", ""))),
				HEAD_LIMIT_MS,
			);
			const stop = effect(() => {
				const head = this.head.value;
				const { phase, error } = this.state.value;
				if (phase === "closed") settle(() => reject(error ?? new NotDoneError("silent", "")));
				else if (phase === "open" && head) settle(() => resolve(head));
			});
		});
	}

	/** The page is left. */
	close(): void {
		this.#over = true;
		this.#drop();
		this.state.value = { phase: "closed", error: null };
	}

	#connect(): void {
		this.#drop();
		this.state.value = { phase: "connecting", error: null };
		const attempt = new LineAttempt(this.needs, {
			opened: () => attempt === this.#attempt && this.#opened(),
			view: (view) => {
				if (attempt === this.#attempt) this.view.value = view;
			},
			head: (head) => {
				if (attempt === this.#attempt) this.head.value = head;
			},
			lost: (error) => attempt === this.#attempt && this.#lost(error),
		});
		this.#attempt = attempt;
		this.#limit = setTimeout(
			() => attempt === this.#attempt && this.#lost(undefined),
			CONNECT_LIMIT_MS,
		);
		void attempt.connect();
	}

	/** The channel is open; the household comes with the first answer. */
	#opened(): void {
		clearTimeout(this.#limit);
		const attempt = this.#attempt;
		attempt?.requests
			.ask({ type: "show" })
			.then(() => {
				if (attempt !== this.#attempt) return;
				this.#mayComeBack = true;
				this.state.value = { phase: "open", error: null };
			})
			.catch((error: unknown) => attempt === this.#attempt && this.#lost(error));
	}

	#lost(error: unknown): void {
		const again = this.#mayComeBack && error === undefined;
		this.#mayComeBack = false;
		if (again) {
			this.#connect();
			return;
		}
		this.#drop();
		this.state.value = { phase: "closed", error };
	}

	#drop(): void {
		clearTimeout(this.#limit);
		const attempt = this.#attempt;
		this.#attempt = undefined;
		attempt?.close();
	}
}
