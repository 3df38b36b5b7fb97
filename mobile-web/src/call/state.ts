import type { CallState, DoorState, Viewer } from "../protocol.gen";

export type Phase = "idle" | "calling" | "connecting" | "live" | "reconnecting" | "ended";

/** Why a call is over: this phone hung up, someone said no, or the way there is gone. */
export type EndReason =
	| "hung_up"
	| "refused"
	| "away"
	| "offline"
	| "lost"
	| "impostor"
	| "stranger"
	| "forgotten"
	| "rate";

export interface CallEnd {
	readonly why: EndReason;
	/** The server's or the doorbell's own sentence. */
	readonly detail: string;
	/** After so long it may be tried again. */
	readonly waitS: number | undefined;
}

/** A call was over before what it was made for. */
export class EndedError extends Error {
	override readonly name = "EndedError";

	constructor(readonly end: CallEnd) {
		super(`The call is over: ${end.why}.`);
	}
}

/** A call as the screen shows it. */
export interface CallModel {
	readonly phase: Phase;
	/** The network between phone and door, as far as the last seconds tell. */
	readonly network: "good" | "weak";
	/** Which encoding of the picture comes, how it is thinned, and why. */
	readonly layer: CallState["layer"];
	readonly pace: CallState["pace"];
	readonly why: CallState["why"];
	readonly door: DoorState | null;
	readonly others: readonly Viewer[];
	readonly end: CallEnd | null;
}

export type CallEvent =
	| { type: "dial" }
	| { type: "answered" }
	| { type: "picture" }
	| { type: "lost" }
	| { type: "network"; network: "good" | "weak" }
	| { type: "state"; state: CallState }
	| { type: "failed"; why: EndReason; detail: string; waitS?: number | undefined }
	| { type: "hang_up" };

export const IDLE: CallModel = {
	phase: "idle",
	network: "good",
	layer: "high",
	pace: "full",
	why: "start",
	door: null,
	others: [],
	end: null,
};

/**
 * What the call is after an event. An event that came too late (of an earlier attempt, or after
 * the end) changes nothing.
 */
export function step(model: CallModel, event: CallEvent): CallModel {
	switch (event.type) {
		case "dial":
			return isOver(model) ? { ...IDLE, phase: "calling" } : model;
		case "answered":
			return model.phase === "calling" ? { ...model, phase: "connecting" } : model;
		case "picture":
			return model.phase === "connecting" || model.phase === "reconnecting"
				? { ...model, phase: "live", network: "good" }
				: model;
		case "lost":
			return isOver(model) ? model : { ...model, phase: "reconnecting" };
		case "network":
			return model.phase === "live" && model.network !== event.network
				? { ...model, network: event.network }
				: model;
		case "state":
			return isOver(model) ? model : { ...model, ...stateOf(event.state) };
		case "failed":
			return isOver(model) ? model : ended(model, event);
		case "hang_up":
			return isOver(model) ? model : ended(model, { why: "hung_up", detail: "" });
	}
}

/** Why there is no picture although the way is good: the camera's own sentence. */
export function cameraFault(door: DoorState | null): string | undefined {
	return door?.faults.find(({ part }) => part === "camera")?.detail;
}

/** Whether there is no call: not yet, or no longer. */
export function isOver(model: CallModel): boolean {
	return model.phase === "idle" || model.phase === "ended";
}

type Told = Pick<CallModel, "door" | "others" | "layer" | "pace" | "why">;

function stateOf({ door, others, layer, pace, why }: CallState): Told {
	return { door, others, layer, pace, why };
}

function ended(model: CallModel, { why, detail, waitS }: Ending): CallModel {
	return { ...model, phase: "ended", end: { why, detail, waitS } };
}

type Ending = Pick<CallEnd, "why" | "detail"> & Partial<CallEnd>;
