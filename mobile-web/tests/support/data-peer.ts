import type { DataPeer } from "../../src/household/data-peer";
import type { HouseholdRequest } from "../../src/protocol.gen";
import { FakeChannel } from "./channel";

/** A data-only connection that becomes what the test says. */
export class FakeDataPeer {
	readonly household = new FakeChannel<HouseholdRequest>();
	readonly connection = { connectionState: "new", onconnectionstatechange: () => undefined };
	answered = "";
	closed = false;

	get asPeer(): DataPeer {
		return this as unknown as DataPeer;
	}

	async offer(): Promise<string> {
		return "offer";
	}

	async answer(sdp: string): Promise<void> {
		this.answered = sdp;
	}

	trickle(): void {}

	close(): void {
		this.closed = true;
	}

	open(): void {
		this.connect("connected");
		this.household.open();
	}

	connect(state: RTCPeerConnectionState): void {
		this.connection.connectionState = state;
		this.connection.onconnectionstatechange();
	}
}
