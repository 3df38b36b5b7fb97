import { trickleFragment } from "../call/sdp";

/** The connection of a call without picture and sound, and its one channel. */
export interface DataPeer {
	readonly connection: RTCPeerConnection;
	readonly household: RTCDataChannel;
	/** The whole offer as it will be signed; later candidates go to `trickle`. */
	offer(): Promise<string>;
	answer(sdp: string): Promise<void>;
	/** Hand over candidates that were found after the offer, now and as they come. */
	trickle(send: (fragment: string) => void): void;
	close(): void;
}

/** A peer connection that carries data alone; no picture is asked for, no microphone is opened. */
export function makeDataPeer(iceServers: readonly RTCIceServer[]): DataPeer {
	const connection = new RTCPeerConnection({
		iceServers: [...iceServers],
		bundlePolicy: "max-bundle",
	});
	const household = connection.createDataChannel("household", { ordered: true });
	let late: RTCIceCandidate[] = [];
	let send: ((fragment: string) => void) | undefined;
	const flush = () => {
		if (!send || late.length === 0) return;
		send(trickleFragment(connection.localDescription?.sdp ?? "", late));
		late = [];
	};
	connection.onicecandidate = ({ candidate }) => {
		if (candidate) late.push(candidate);
		flush();
	};
	return {
		connection,
		household,
		async offer() {
			await connection.setLocalDescription();
			late = [];
			return connection.localDescription?.sdp ?? "";
		},
		answer: (sdp) => connection.setRemoteDescription({ type: "answer", sdp }),
		trickle(next) {
			send = next;
			flush();
		},
		close() {
			send = undefined;
			connection.onicecandidate = null;
			connection.onconnectionstatechange = null;
			connection.close();
		},
	};
}
