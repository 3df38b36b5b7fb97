import type { Client, LiveAnswer } from "../api/client";
import { RefusedError } from "../api/problem";
import type { CallState, Shown, Trace } from "../protocol.gen";
import { checkCertificate } from "./certificate";
import { Control } from "./control";
import { HeldChannel } from "./held-channel";
import { Latest } from "./latest";
import type { Place, Placed } from "./signed";
import { cameraFault } from "./state";
import { type ShownFrame, StartTrace } from "./trace";
import { type Sample, sampleOf, type Vitals, vitalsOf } from "./vitals";
import type { Prepared } from "./warm";

const VITALS_EVERY_MS = 1_000;
// A token lives for a minute; the goodbye must be ready at any moment.
const GOODBYE_FRESH_MS = 45_000;
// Whoever hangs up waits for the server's word so long; a dead way would never give it.
const GOODBYE_LIMIT_MS = 1_500;

/** How long each step may take before the way counts as lost. */
export interface AttemptLimits {
	readonly answerMs: number;
	readonly connectMs: number;
	readonly pictureMs: number;
}

export interface AttemptNeeds {
	client: Client;
	place: Place;
	doorbell: string;
	answers: string | undefined;
	limits: AttemptLimits;
	/** The doorbell has answered; the connection is being made. */
	answered: () => void;
	/** It is the doorbell: what comes may be shown. */
	trusted: () => void;
	/** It is not the doorbell, or nobody could tell. */
	failed: (error: unknown) => void;
	/** Requests can be made. */
	opened: () => void;
	state: (state: CallState) => void;
	/** Where the doorbell's log stands, signed. */
	auditHead: (head: string) => void;
	shown: (shown: Shown) => void;
	vitals: (vitals: Vitals) => void;
	traced: (trace: Trace) => void;
	/** The way is gone, or a step took too long. */
	lost: () => void;
}

/** One try to reach the doorbell: its own connection, and everything that dies with it. */
export class Attempt {
	readonly control: Control;
	readonly latest: Latest;
	readonly files: HeldChannel;
	readonly startedMs = performance.now();
	readonly #channels: readonly HeldChannel[];
	#placed: Placed | undefined;
	#trusted = false;
	#voice: MediaStreamTrack | null = null;
	#goodbye: (() => void) | undefined;
	#flowed = 0;
	#open = false;
	#pictured = false;
	#blind = false;
	#sample: Sample | undefined;
	readonly #gone = new AbortController();
	readonly #timers: ReturnType<typeof setInterval>[] = [];
	#limit: ReturnType<typeof setTimeout> | undefined;
	readonly #trace = new StartTrace();

	constructor(
		private readonly prepared: Prepared,
		private readonly needs: AttemptNeeds,
	) {
		const { peer } = prepared;
		const [control, latest] = [new HeldChannel(peer.control), new HeldChannel(peer.latest)];
		this.files = new HeldChannel(peer.files);
		this.#channels = [control, latest, this.files];
		this.control = new Control(control, {
			opened: () => this.#opened(),
			state: (state) => {
				this.#expect(state);
				needs.state(state);
			},
			auditHead: needs.auditHead,
			lost: needs.lost,
			flows: () => this.#flows(),
		});
		this.latest = new Latest(latest, {
			counters: () => peer.counters(),
			visible: () => document.visibilityState === "visible",
			shown: needs.shown,
			heard: () => this.control.heard(),
		});
		this.#follow(peer.connection);
	}

	get peer() {
		return this.prepared.peer;
	}

	/** Names this connection in commands; empty before the answer. */
	get channel(): string {
		return this.#placed?.channel ?? "";
	}

	/** Whether ICE and DTLS are done. */
	get connected(): boolean {
		return this.peer.connection.connectionState === "connected";
	}

	/**
	 * Offer, and take the answer. Rejects when the server refuses or cannot be reached, and when
	 * somebody else than the doorbell answers.
	 */
	async connect(): Promise<void> {
		const { client, limits } = this.needs;
		this.#within(limits.answerMs);
		const offer = await this.peer.offer();
		if (this.#over) return;
		const placed = await this.#place(offer);
		const { answer } = placed;
		if (this.#over) {
			void client.hangUp(answer.path).catch(() => undefined);
			return;
		}
		this.#trace.mark("signal");
		this.#placed = placed;
		this.#within(limits.connectMs);
		this.needs.answered();
		await this.peer.answer(answer.sdp);
		if (!this.#over) this.#watch(answer);
	}

	/** The first picture of this attempt is on the screen. */
	pictureShown(frame: ShownFrame): void {
		if (this.#pictured || this.#over) return;
		this.#pictured = true;
		clearTimeout(this.#limit);
		if (frame.receivedMs !== undefined) this.#trace.mark("keyframe", frame.receivedMs);
		this.#trace.mark("frame", frame.shownMs);
		this.#tellPhases();
	}

	/** What this phone says, once it is the doorbell that hears it; null is silence. */
	async speak(track: MediaStreamTrack | null): Promise<void> {
		this.#voice = track;
		if (this.#trusted) await this.peer.speak(track);
	}

	/** There is reason to doubt the way: know soon whether it is alive. */
	probe(): void {
		this.control.probe();
	}

	/** The page goes away: nothing can be awaited any more. */
	leave(): void {
		this.control.hangUp();
		this.#goodbye?.();
	}

	/**
	 * Close, and tell the server, so that the doorbell need not wait for silence. What is lost is
	 * closed at once: the next attempt is about to begin.
	 */
	close(how: "lost" | "ended"): void {
		if (this.#over) return;
		const answer = this.#placed?.answer;
		this.#gone.abort();
		clearTimeout(this.#limit);
		for (const timer of this.#timers) clearInterval(timer);
		this.control.close();
		this.latest.close();
		this.peer.silence();
		const told = answer && this.needs.client.hangUp(answer.path).catch(() => undefined);
		if (!told || how === "lost") {
			this.peer.close();
			return;
		}
		// Closed first, the doorbell would end the call itself, and the server would know none.
		const pause = new Promise((done) => setTimeout(done, GOODBYE_LIMIT_MS));
		void Promise.race([told, pause]).then(() => this.peer.close());
	}

	/** A visit that was deleted meanwhile is no reason not to see the door. */
	async #place(offer: string): Promise<Placed> {
		const { place, doorbell, answers } = this.needs;
		const { signed: ready, nonce } = this.prepared;
		const placing = { doorbell, offer, signal: this.#gone.signal };
		if (answers === undefined) return place({ ...placing, answers, ready, nonce });
		try {
			return await place({ ...placing, answers, ready, nonce });
		} catch (error) {
			if (!(error instanceof RefusedError) || error.status !== 404) throw error;
			return place({ ...placing, answers: undefined });
		}
	}

	/** DTLS is done: nothing is shown, said or heard before its certificate is the doorbell's. */
	async #check(): Promise<void> {
		if (!this.#placed) return;
		try {
			await checkCertificate(this.peer.connection, this.#placed.fingerprint);
		} catch (error) {
			if (!this.#over) this.needs.failed(error);
			return;
		}
		if (this.#over || this.#trusted) return;
		this.#trusted = true;
		for (const channel of this.#channels) channel.trust();
		this.needs.trusted();
		if (this.#voice) await this.peer.speak(this.#voice).catch(() => undefined);
	}

	get #over(): boolean {
		return this.#gone.signal.aborted;
	}

	#within(limitMs: number): void {
		clearTimeout(this.#limit);
		this.#limit = setTimeout(() => this.needs.lost(), limitMs);
	}

	#follow(connection: RTCPeerConnection): void {
		connection.oniceconnectionstatechange = () => {
			const { iceConnectionState } = connection;
			if (this.#over) return;
			if (iceConnectionState === "connected" || iceConnectionState === "completed") {
				this.#trace.mark("ice");
			} else if (iceConnectionState === "disconnected") this.probe();
		};
		connection.onconnectionstatechange = () => {
			const { connectionState } = connection;
			if (this.#over) return;
			if (connectionState === "failed" || connectionState === "closed") this.needs.lost();
			else if (connectionState === "connected") {
				this.#trace.mark("dtls");
				void this.#check();
				this.#awaitPicture();
			}
		};
	}

	/** A camera that is away sends nothing, which is no reason to doubt the way. */
	#expect({ door }: CallState): void {
		const blind = cameraFault(door) !== undefined;
		if (blind === this.#blind) return;
		this.#blind = blind;
		if (!blind) this.#awaitPicture();
		else if (this.connected) clearTimeout(this.#limit);
	}

	#awaitPicture(): void {
		if (!this.#pictured && !this.#blind) this.#within(this.needs.limits.pictureMs);
		else clearTimeout(this.#limit);
	}

	#opened(): void {
		this.#open = true;
		this.needs.opened();
		this.#tellPhases();
	}

	/** Both ends' steps become one trace; without an answer there is just none to show. */
	#tellPhases(): void {
		if (!this.#open || !this.#pictured) return;
		this.control
			.request({ type: "phases", phases: this.#trace.phases() })
			.then((reply) => {
				if (reply.type === "trace" && !this.#over) this.needs.traced(reply);
			})
			.catch(() => undefined);
	}

	/** What goes on beside the call while it lives. */
	#watch(answer: LiveAnswer): void {
		const { client } = this.needs;
		this.peer.trickle((fragment) => {
			// A candidate that gets lost is a way less, not a call less.
			client.trickle(answer, fragment, this.#gone.signal).catch(() => undefined);
		});
		const prepare = () => {
			client.http
				.prepared("DELETE", answer.path)
				.then((goodbye) => {
					this.#goodbye = goodbye;
				})
				.catch(() => undefined);
		};
		prepare();
		this.#timers.push(
			setInterval(prepare, GOODBYE_FRESH_MS),
			setInterval(() => void this.#measure(), VITALS_EVERY_MS),
		);
	}

	async #measure(): Promise<void> {
		const report = await this.peer.connection.getStats().catch(() => undefined);
		if (!report || this.#over) return;
		const before = this.#sample;
		this.#sample = sampleOf(report, performance.now());
		if (before) this.needs.vitals(vitalsOf(before, this.#sample));
	}

	#flows(): boolean {
		const newest = this.peer.newestMediaMs();
		const flows = newest > this.#flowed;
		this.#flowed = Math.max(this.#flowed, newest);
		return flows;
	}
}
