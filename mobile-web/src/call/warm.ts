import { Peer } from "./peer";

// Candidates go stale when a phone changes networks; a minute is how long people hesitate.
const FRESH_MS = 60_000;

/** At most one peer, prepared before the tap that will need it. */
export class WarmPeer {
	#peer: Peer | undefined;
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(private readonly iceServers: () => readonly RTCIceServer[]) {}

	/** Prepare a peer if none is waiting, and tell its offer. Cheap to call again and again. */
	prepare(offered: (sdp: string) => void): void {
		if (this.#peer) return;
		try {
			const peer = new Peer(this.iceServers());
			this.#peer = peer;
			void peer
				.gathered()
				.then(() => peer.offer())
				.then((sdp) => this.#peer === peer && offered(sdp))
				.catch(() => undefined);
		} catch {
			return; // This browser cannot call; the call itself will say so.
		}
		this.#timer = setTimeout(() => this.drop(), FRESH_MS);
	}

	/** The prepared peer, or one made now. */
	take(): Peer {
		const peer = this.#peer;
		this.#peer = undefined;
		clearTimeout(this.#timer);
		return peer ?? new Peer(this.iceServers());
	}

	/** Close what was prepared and not used. */
	drop(): void {
		clearTimeout(this.#timer);
		this.#peer?.close();
		this.#peer = undefined;
	}
}
