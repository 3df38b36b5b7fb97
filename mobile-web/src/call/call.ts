import type { Client, LiveAnswer } from "../api/client";
import { OfflineError, RefusedError } from "../api/problem";
import type { Identity } from "../identity/identity";
import type { Challenge } from "../protocol.gen";
import { type Asked, Control } from "./control";
import { Latest } from "./latest";
import { Microphone } from "./mic";
import { Peer } from "./peer";
import { judge, type Sample, sampleOf } from "./quality";
import { type CallEvent, type CallModel, type EndReason, IDLE, isOver, step } from "./state";
import { askToUnlock, confirmUnlock } from "./unlock";

// A fresh call is up within a second at home; a bad mobile network needs a few.
const PICTURE_TIMEOUT_MS = 12_000;
// As long as someone can be expected to hold a phone that shows an old picture.
const RECONNECT_LIMIT_MS = 90_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const QUALITY_EVERY_MS = 2_000;
// A token lives for a minute; the goodbye must be ready at any moment.
const GOODBYE_FRESH_MS = 45_000;

export interface CallNeeds {
	client: Client;
	identity: Identity;
	doorbell: string;
	/** The visit whose ring this call answers. */
	answers: string | undefined;
	/** A peer for the first attempt, prepared if possible; later attempts make their own. */
	firstPeer: () => Peer;
	iceServers: () => readonly RTCIceServer[];
	changed: (model: CallModel) => void;
	/** The stream to show; a new one after every reconnection. */
	stream: (stream: MediaStream) => void;
}

/** One try to reach the doorbell: its own connection, and everything that dies with it. */
interface Attempt {
	peer: Peer;
	control: Control;
	latest: Latest;
	gone: AbortController;
	answer: LiveAnswer | undefined;
	goodbye: (() => void) | undefined;
	timers: ReturnType<typeof setInterval>[];
}

/** This phone's call to one doorbell, from the tap to the end, over as many connections as it takes. */
export class Call {
	model: CallModel = IDLE;
	readonly #microphone = new Microphone();
	#attempt: Attempt | undefined;
	#lostAtMs = 0;
	#pauseMs = FIRST_PAUSE_MS;
	#retry: ReturnType<typeof setTimeout> | undefined;
	#speaks = false;

	constructor(private readonly needs: CallNeeds) {}

	/** Call. Returns at once; what happens is told through `changed`. */
	start(): void {
		this.#dispatch({ type: "dial" });
		this.#try(this.needs.firstPeer);
	}

	/** The screen shows a live picture now. */
	pictureShown(): void {
		if (this.model.phase !== "connecting" && this.model.phase !== "reconnecting") return;
		this.#lostAtMs = 0;
		this.#pauseMs = FIRST_PAUSE_MS;
		this.#dispatch({ type: "picture" });
	}

	/** Ask the doorbell for something; rejects with a DeniedError. */
	async ask(asked: Asked): Promise<void> {
		await this.#attemptNow().control.request(asked);
	}

	/** Begin to unlock: the challenge to confirm. */
	challenge(): Promise<Challenge> {
		return askToUnlock(this.#attemptNow().control);
	}

	/** Open the door. */
	async unlock(challenge: Challenge): Promise<void> {
		const attempt = this.#attemptNow();
		const where = { deviceId: this.needs.doorbell, call: attempt.answer?.call ?? "" };
		const sign = (statement: Uint8Array<ArrayBuffer>) => this.needs.identity.sign(statement);
		await confirmUnlock(attempt.control, sign, where, challenge);
	}

	/** Let the door hear this phone, or not; rejects when the microphone cannot be had. */
	async talk(on: boolean): Promise<void> {
		this.#speaks ||= on;
		const track = await this.#microphone.talk(on);
		if (isOver(this.model)) {
			this.#microphone.close();
			return;
		}
		await this.#attempt?.peer.speak(track);
	}

	/** Have the microphone open before the first word; no talk yet. */
	async readyToTalk(): Promise<void> {
		this.#speaks = true;
		await this.talk(false);
	}

	/** End the call. May be said twice. */
	hangUp(): void {
		this.#dispatch({ type: "hang_up" });
		this.#finish();
	}

	/** The page goes away: nothing can be awaited any more. */
	leave(): void {
		const goodbye = this.#attempt?.goodbye;
		this.#attempt?.control.hangUp();
		goodbye?.();
	}

	#try(makePeer: () => Peer): void {
		let peer: Peer;
		try {
			peer = makePeer();
		} catch {
			this.#fail("refused", "");
			return;
		}
		const attempt = this.#begin(peer);
		this.needs.stream(peer.stream);
		this.#connect(attempt).catch((error: unknown) => this.#failed(attempt, error));
	}

	#begin(peer: Peer): Attempt {
		const attempt: Attempt = {
			peer,
			gone: new AbortController(),
			answer: undefined,
			goodbye: undefined,
			timers: [],
			control: new Control(peer.control, {
				opened: () => undefined,
				state: (state) => this.#isCurrent(attempt) && this.#dispatch({ type: "state", state }),
				lost: () => this.#lost(attempt),
			}),
			latest: new Latest(peer.latest, {
				counters: () => peer.counters(),
				visible: () => document.visibilityState === "visible",
				shown: () => undefined,
				heard: () => attempt.control.heard(),
			}),
		};
		this.#attempt = attempt;
		peer.connection.onconnectionstatechange = () => {
			const { connectionState } = peer.connection;
			if (connectionState === "failed" || connectionState === "closed") this.#lost(attempt);
		};
		return attempt;
	}

	async #connect(attempt: Attempt): Promise<void> {
		const { client, doorbell, answers } = this.needs;
		const offer = await attempt.peer.offer();
		if (!this.#isCurrent(attempt)) return;
		const answer = await client.live(doorbell, answers, offer, attempt.gone.signal);
		if (!this.#isCurrent(attempt)) {
			void client.hangUp(answer.path).catch(() => undefined);
			return;
		}
		attempt.answer = answer;
		this.#dispatch({ type: "answered" });
		await attempt.peer.answer(answer.sdp);
		if (!this.#isCurrent(attempt)) return;
		this.#watch(attempt, answer);
		if (this.#speaks) await this.#speakOn(attempt);
	}

	/** Without a microphone the call goes on: seeing and opening need none. */
	async #speakOn(attempt: Attempt): Promise<void> {
		const track = await this.#microphone.open().catch(() => null);
		if (this.#isCurrent(attempt)) await attempt.peer.speak(track);
	}

	/** What goes on beside the call while it lives. */
	#watch(attempt: Attempt, answer: LiveAnswer): void {
		const { client } = this.needs;
		attempt.peer.trickle((fragment) => {
			// A candidate that gets lost is a way less, not a call less.
			client.trickle(answer, fragment, attempt.gone.signal).catch(() => undefined);
		});
		const prepare = () => {
			client.http
				.prepared("DELETE", answer.path)
				.then((goodbye) => {
					attempt.goodbye = goodbye;
				})
				.catch(() => undefined);
		};
		prepare();
		attempt.timers.push(setInterval(prepare, GOODBYE_FRESH_MS));
		let before: Sample | undefined;
		attempt.timers.push(
			setInterval(() => {
				void this.#measure(attempt, before).then((sample) => {
					before = sample;
				});
			}, QUALITY_EVERY_MS),
		);
		const timeout = setTimeout(() => {
			if (this.model.phase !== "live") this.#lost(attempt);
		}, PICTURE_TIMEOUT_MS);
		attempt.gone.signal.addEventListener("abort", () => clearTimeout(timeout));
	}

	async #measure(attempt: Attempt, before: Sample | undefined): Promise<Sample | undefined> {
		const report = await attempt.peer.connection.getStats().catch(() => undefined);
		if (!report || !this.#isCurrent(attempt)) return undefined;
		const sample = sampleOf(report);
		if (before) this.#dispatch({ type: "network", network: judge(before, sample) });
		return sample;
	}

	#failed(attempt: Attempt, error: unknown): void {
		if (!this.#isCurrent(attempt)) return;
		if (isPassing(error) && this.#lostAtMs > 0) {
			this.#again(attempt);
			return;
		}
		const detail = error instanceof RefusedError ? error.detail : "";
		this.#fail(reasonOf(error), detail);
	}

	/** The way to the door is gone; find another one by calling again. */
	#lost(attempt: Attempt): void {
		if (!this.#isCurrent(attempt) || isOver(this.model)) return;
		this.#lostAtMs ||= Date.now();
		this.#dispatch({ type: "lost" });
		this.#again(attempt);
	}

	#again(attempt: Attempt): void {
		this.#dispose(attempt);
		if (Date.now() - this.#lostAtMs > RECONNECT_LIMIT_MS) {
			this.#fail("lost", "");
			return;
		}
		const pause = this.#pauseMs;
		this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
		this.#retry = setTimeout(() => {
			if (!isOver(this.model)) this.#try(() => new Peer(this.needs.iceServers()));
		}, pause);
	}

	#fail(why: EndReason, detail: string): void {
		this.#dispatch({ type: "failed", why, detail });
		this.#finish();
	}

	#finish(): void {
		clearTimeout(this.#retry);
		if (this.#attempt) this.#dispose(this.#attempt);
		this.#microphone.close();
	}

	/** Close an attempt and tell the server, so that the doorbell need not wait for silence. */
	#dispose(attempt: Attempt): void {
		if (this.#attempt === attempt) this.#attempt = undefined;
		attempt.gone.abort();
		for (const timer of attempt.timers) clearInterval(timer);
		attempt.control.close();
		attempt.latest.close();
		const { answer, peer } = attempt;
		attempt.answer = undefined;
		peer.silence();
		if (!answer) peer.close();
		// Closed first, the doorbell would end the call itself, and the server would know none.
		else
			void this.needs.client
				.hangUp(answer.path)
				.catch(() => undefined)
				.finally(() => peer.close());
	}

	#attemptNow(): Attempt {
		if (!this.#attempt) throw new OfflineError("There is no connection to the doorbell now.");
		return this.#attempt;
	}

	#isCurrent(attempt: Attempt): boolean {
		return this.#attempt === attempt;
	}

	#dispatch(event: CallEvent): void {
		const next = step(this.model, event);
		if (next === this.model) return;
		this.model = next;
		this.needs.changed(next);
	}
}

/** Whether waiting can help. */
function isPassing(error: unknown): boolean {
	if (error instanceof RefusedError) return error.status >= 500 || error.status === 429;
	return error instanceof OfflineError || error instanceof DOMException;
}

function reasonOf(error: unknown): EndReason {
	if (error instanceof OfflineError) return "offline";
	if (!(error instanceof RefusedError)) return "lost";
	return error.status === 503 || error.status === 504 ? "away" : "refused";
}
