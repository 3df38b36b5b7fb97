import { signal } from "@preact/signals";
import type { Placed } from "../call/signed";
import type { AuditHeadStatement, HouseholdView } from "../protocol.gen";
import type { DataPeer } from "./data-peer";
import type { HouseholdDesk, LineState } from "./desk";
import { LineAttempt } from "./line-attempt";
import { type Answer, type Asked, NotDoneError } from "./requests";

// Offer, answer, ICE and DTLS; over a relay and a slow network they take some seconds.
const CONNECT_LIMIT_MS = 15_000;

export interface LineNeeds {
	/** Post the signed offer, and check the doorbell's answer. */
	place: (offer: string, signal: AbortSignal) => Promise<Placed>;
	trickle: (placed: Placed, fragment: string, signal: AbortSignal) => Promise<void>;
	hangUp: (placed: Placed) => Promise<void>;
	/** Compare the certificate of the handshake with the signed fingerprint. */
	check: (connection: RTCPeerConnection, fingerprint: string) => Promise<unknown>;
	/** The statement in a head that this doorbell signed. */
	readHead: (text: string) => Promise<AuditHeadStatement>;
	makePeer: () => DataPeer;
}

/**
 * The way to a doorbell's household: a signed call that carries data alone. It comes back by itself
 * once; then a person decides.
 */
export class HouseholdLine implements HouseholdDesk {
	readonly state = signal<LineState>({ phase: "connecting", error: null });
	readonly view = signal<HouseholdView | null>(null);
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
		const attempt = this.#attempt;
		if (!attempt) throw new NotDoneError("silent", "");
		try {
			return await attempt.requests.ask(asked);
		} catch (error) {
			const silent = error instanceof NotDoneError && error.reason === "silent";
			if (silent && attempt === this.#attempt) this.#lost(undefined);
			throw error;
		}
	}

	readHead(text: string): Promise<AuditHeadStatement> {
		return this.needs.readHead(text);
	}

	/** The page is seen again, or the network changed: know soon whether the line is alive. */
	probe(): void {
		if (this.state.value.phase === "open") this.#attempt?.probe();
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
