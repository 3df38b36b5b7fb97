import type { Client } from "../api/client";
import type { Identity } from "../identity/identity";
import { type SignedOffer, signOffer } from "./offer";
import type { Peer } from "./peer";

// Candidates go stale when a phone changes networks; a minute is how long people hesitate.
const FRESH_MS = 60_000;
// The doorbell forgets its nonce after thirty seconds, so a signature is made anew before that.
const SIGN_EVERY_MS = 20_000;
const SIGNED_FRESH_MS = 25_000;

/** A peer, and its offer signed if there was time. */
export interface Prepared {
	readonly peer: Peer;
	readonly signed?: SignedOffer | undefined;
	/** The doorbell's nonce, on its way, if there was no time to sign. */
	readonly nonce?: Promise<string> | undefined;
}

export interface WarmNeeds {
	client: Client;
	identity: Identity;
	/** A fresh one. */
	peer: () => Peer;
}

/** The call that will probably be made. */
interface Expected {
	readonly doorbell: string;
	readonly answers: string | undefined;
}

/** At most one call, prepared before the tap that will need it: then only its offer has to leave. */
export class WarmCall {
	#peer: Peer | undefined;
	#expected: Expected | undefined;
	#signed: { offer: SignedOffer; atMs: number } | undefined;
	#nonce: Promise<string> | undefined;
	#over = new AbortController();

	constructor(private readonly needs: WarmNeeds) {}

	/** Prepare a call unless it waits already. Cheap to say again and again. */
	prepare(doorbell: string, answers: string | undefined): void {
		const { doorbell: known, answers: answered } = this.#expected ?? {};
		if (this.#peer && known === doorbell && answered === answers) return;
		this.drop();
		this.#expected = { doorbell, answers };
		this.#over = new AbortController();
		try {
			this.#peer = this.needs.peer();
		} catch {
			return; // This browser cannot call; the call itself will say so.
		}
		this.#ask(doorbell);
		void this.#keepSigned(this.#peer, this.#expected, this.#over.signal);
		const timer = setTimeout(() => this.drop(), FRESH_MS);
		this.#over.signal.addEventListener("abort", () => clearTimeout(timer));
	}

	/** What is prepared for this doorbell, or a peer made now. */
	take(doorbell: string): Prepared {
		const peer = this.#peer;
		const kept = this.#signed;
		const nonce = this.#nonce;
		const fits = this.#expected?.doorbell === doorbell;
		this.#peer = undefined;
		this.drop();
		const fresh = fits && kept && performance.now() - kept.atMs < SIGNED_FRESH_MS;
		return {
			peer: peer ?? this.needs.peer(),
			signed: fresh ? kept.offer : undefined,
			nonce: fits && !fresh ? nonce : undefined,
		};
	}

	/** Close what was prepared and not used. */
	drop(): void {
		this.#over.abort();
		this.#peer?.close();
		this.#peer = undefined;
		this.#expected = undefined;
		this.#signed = undefined;
		this.#nonce = undefined;
	}

	/** Not aborted with the rest: whoever taps now waits for its answer. */
	#ask(doorbell: string): void {
		const nonce = this.needs.client.challenge(doorbell).then((given) => given.nonce);
		// Whoever calls without it asks again, and says what is wrong.
		nonce.catch(() => undefined);
		this.#nonce = nonce;
	}

	async #keepSigned(peer: Peer, expected: Expected, over: AbortSignal): Promise<void> {
		try {
			await peer.gathered();
			const sdp = await peer.offer();
			while (!over.aborted) {
				await this.#sign(sdp, expected, over).catch(() => undefined);
				await new Promise((resolve) => setTimeout(resolve, SIGN_EVERY_MS));
				if (!over.aborted) this.#ask(expected.doorbell);
			}
		} catch {
			// A peer without an offer: the call itself will say so.
		}
	}

	async #sign(sdp: string, { doorbell, answers }: Expected, over: AbortSignal): Promise<void> {
		const { client, identity } = this.needs;
		const nonce = await this.#nonce;
		if (nonce === undefined || over.aborted) return;
		const offer = await signOffer(identity, doorbell, nonce, sdp, answers);
		await client.expectLive(doorbell, answers, sdp);
		if (over.aborted) return;
		this.#signed = { offer, atMs: performance.now() };
		this.#nonce = undefined;
	}
}
