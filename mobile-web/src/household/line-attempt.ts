import type { Placed } from "../call/signed";
import type { HouseholdView } from "../protocol.gen";
import type { DataPeer } from "./data-peer";
import type { LineNeeds } from "./line";
import { NotDoneError, Requests } from "./requests";

// The goodbye has to leave before the connection is closed under it.
const GOODBYE_LIMIT_MS = 1_500;
// A doorbell that is there answers at once; the rest is for a slow network.
const PROBE_LIMIT_MS = 4_000;

interface AttemptHandlers {
	/** Who is at the other end is proved, and can be asked. */
	opened: () => void;
	view: (view: HouseholdView) => void;
	/** The way is gone; `error` is undefined when it was there or just took too long. */
	lost: (error: unknown) => void;
}

/** One try to reach the household, and everything that dies with it. */
export class LineAttempt {
	readonly requests: Requests;
	readonly #peer: DataPeer;
	readonly #gone = new AbortController();
	#placed: Placed | undefined;

	constructor(
		private readonly needs: LineNeeds,
		private readonly handlers: AttemptHandlers,
	) {
		this.#peer = needs.makePeer();
		const { household, connection } = this.#peer;
		connection.onconnectionstatechange = () => {
			const state = connection.connectionState;
			if (state === "failed" || state === "closed") this.#lost(undefined);
			else if (state === "disconnected") this.probe();
		};
		this.requests = new Requests(household, {
			opened: () => void this.#opened(),
			view: handlers.view,
			closed: () => this.#lost(undefined),
		});
	}

	/** Offer, and take the answer; `lost` tells when that fails. */
	async connect(): Promise<void> {
		const { signal } = this.#gone;
		try {
			const placed = await this.needs.place(await this.#peer.offer(), signal);
			if (signal.aborted) {
				void this.needs.hangUp(placed).catch(() => undefined);
				return;
			}
			this.#placed = placed;
			await this.#peer.answer(placed.answer.sdp);
			this.#peer.trickle((fragment) => {
				// A candidate that gets lost is a way less, not a line less.
				this.needs.trickle(placed, fragment, signal).catch(() => undefined);
			});
		} catch (error) {
			this.#lost(error);
		}
	}

	/** There is reason to doubt the way: know soon whether it is alive. */
	probe(): void {
		this.requests.ask({ type: "show" }, PROBE_LIMIT_MS).catch((error: unknown) => {
			if (error instanceof NotDoneError && error.reason === "silent") this.#lost(undefined);
		});
	}

	close(): void {
		if (this.#gone.signal.aborted) return;
		this.#gone.abort();
		this.requests.close();
		const told = this.#placed && this.needs.hangUp(this.#placed).catch(() => undefined);
		const pause = new Promise((done) => setTimeout(done, GOODBYE_LIMIT_MS));
		void Promise.race([told, pause]).then(() => this.#peer.close());
	}

	/** Nothing is asked of anyone who showed another certificate than the doorbell signed. */
	async #opened(): Promise<void> {
		if (!this.#placed) return;
		try {
			await this.needs.check(this.#peer.connection, this.#placed.fingerprint);
			if (!this.#gone.signal.aborted) this.handlers.opened();
		} catch (error) {
			this.#lost(error);
		}
	}

	#lost(error: unknown): void {
		if (!this.#gone.signal.aborted) this.handlers.lost(error);
	}
}
