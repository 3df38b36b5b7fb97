import { vi } from "vitest";
import type { Peer } from "../../src/call/peer";
import type { ControlRequest, Fetch, Statistics, Stop, View } from "../../src/protocol.gen";
import { FakeChannel } from "./channel";

/** A connection that becomes what the test says. */
export class FakePeer {
	readonly control = new FakeChannel<ControlRequest>();
	readonly latest = new FakeChannel<Statistics | View>();
	readonly files = new FakeChannel<Fetch | Stop>();
	readonly stream = {} as MediaStream;
	readonly connection = {
		connectionState: "new",
		iceConnectionState: "new",
		oniceconnectionstatechange: () => undefined,
		onconnectionstatechange: () => undefined,
		getStats: async () => new Map(),
		sctp: null as unknown,
		getReceivers: () => [],
	};
	readonly speak = vi.fn(async (_track: MediaStreamTrack | null) => undefined);
	readonly silence = vi.fn();
	readonly close = vi.fn();
	readonly trickle = vi.fn();
	gathered = vi.fn(async () => undefined);
	offer = vi.fn(async () => "offer");
	answer = vi.fn(async (_sdp: string) => undefined);
	counters = vi.fn(async () => ({}));
	newestMediaMs = vi.fn(() => 0);

	get asPeer(): Peer {
		return this as unknown as Peer;
	}

	ice(state: RTCIceConnectionState): void {
		this.connection.iceConnectionState = state;
		this.connection.oniceconnectionstatechange();
	}

	connect(state: RTCPeerConnectionState = "connected"): void {
		this.connection.connectionState = state;
		this.connection.onconnectionstatechange();
	}

	/** Everything that a call needs is there. */
	open(): void {
		this.ice("connected");
		this.connect();
		for (const channel of [this.control, this.latest, this.files]) channel.open();
	}
}
