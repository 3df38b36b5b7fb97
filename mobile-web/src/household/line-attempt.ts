import { objectOf } from "../call/channel";
import { Heartbeat } from "../call/heartbeat";
import type { Placed } from "../call/signed";
import type { HouseholdView } from "../protocol.gen";
import type { DataPeer } from "./data-peer";
import type { SignedHead } from "./desk";
import type { LineNeeds } from "./line";
import { Requests } from "./requests";

// The goodbye has to leave before the connection is closed under it.
const GOODBYE_LIMIT_MS = 1_500;

interface AttemptHandlers {
	/** Who is at the other end is proved, and can be asked. */
	opened: () => void;
	view: (view: HouseholdView) => void;
	head: (head: SignedHead) => void;
	/** The way is gone; `error` is undefined when it was there or just took too long. */
	lost: (error: unknown) => void;
}

/** One try to reach the household, and everything that dies with it. */
export class LineAttempt {
	readonly requests: Requests;
	readonly #peer: DataPeer;
	readonly #heartbeat: Heartbeat;
	readonly #gone = new AbortController();
	#placed: Placed | undefined;
	#lastPing = 0;

	constructor(
		private readonly needs: LineNeeds,
		private readonly handlers: AttemptHandlers,
	) {
		this.#peer = needs.makePeer();
		const { control, household, connection } = this.#peer;
		this.#heartbeat = new Heartbeat({
			ping: () => this.#ping(),
			lost: () => this.#lost(undefined),
			flows: () => false,
		});
		control.addEventListener("message", ({ data }) => this.#heard(data));
		control.addEventListener("open", () => this.#heartbeat.start());
		connection.onconnectionstatechange = () => {
			const state = connection.connectionState;
			if (state === "failed" || state === "closed") this.#lost(undefined);
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

	close(): void {
		if (this.#gone.signal.aborted) return;
		this.#gone.abort();
		this.#heartbeat.stop();
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

	#heard(data: unknown): void {
		this.#heartbeat.heard();
		const message = objectOf(data);
		if (message?.type !== "audit_head" || typeof message.head !== "string") return;
		this.needs
			.readHead(message.head)
			.then((head) => !this.#gone.signal.aborted && this.handlers.head(head))
			.catch((error: unknown) => this.#lost(error));
	}

	#ping(): void {
		if (this.#peer.control.readyState !== "open") return;
		this.#lastPing += 1;
		this.#peer.control.send(JSON.stringify({ type: "ping", id: this.#lastPing }));
	}

	#lost(error: unknown): void {
		if (!this.#gone.signal.aborted) this.handlers.lost(error);
	}
}
