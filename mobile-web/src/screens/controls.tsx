import type { Signal } from "@preact/signals";
import { OfflineError } from "../api/problem";
import type { Asked } from "../call/control";
import { Icon, type IconName } from "../parts/icons";
import { notify } from "../parts/notice";
import { ReplySheet } from "../parts/reply-sheet";
import { sentenceOf } from "../parts/sentence";
import { Talk } from "../parts/talk";
import type { Doorbell, Phone, QuickReply } from "../protocol.gen";
import type { ActiveCall } from "../session";
import { words } from "../words";
import { Details } from "./details";
import { LoudnessSheet } from "./loudness";
import { UnlockSheet } from "./unlock";

type Right = Phone["rights"][number];

export interface ControlsProps {
	active: ActiveCall;
	doorbell: Doorbell | undefined;
	name: string;
	muted: Signal<boolean>;
	sheet: Signal<OpenSheet>;
	/** Only what is done while talking: something else takes the room of the rest. */
	few: boolean;
	onLeave: () => void;
}

/** The question that takes the controls' place. */
export type OpenSheet = "none" | "reply" | "unlock" | "loudness" | "details";

/** What the thumb reaches: the door's parts, talking, and the end of the call. */
export function Controls(props: ControlsProps) {
	const { active, doorbell, muted, sheet, few, onLeave } = props;
	const { call, talking } = active;
	const model = active.model.value;
	const { call: text } = words.value;
	// What this phone may not do is not offered; the doorbell decides all the same.
	const may = (right: Right) => doorbell?.me.rights.includes(right) ?? true;
	const door = model.door ?? doorbell?.state ?? null;

	const ask = async (asked: Asked, done?: string) => {
		try {
			await call.ask(asked);
			if (done) notify(done);
		} catch (error) {
			notify(problemOf(error), "bad");
		}
	};
	const talk = async (on: boolean) => {
		talking.value = on;
		try {
			await call.talk(on);
		} catch {
			talking.value = false;
			if (on) notify(isSecureContext ? text.noMicrophone : text.noSecure, "bad");
		}
	};
	const speaker = () => {
		muted.value = !muted.value;
		// The picture's own sound is off at once; telling the door saves the way there.
		call.mute(muted.value);
	};
	const reply = (sentence: QuickReply["reply"]) => {
		sheet.value = "none";
		void ask({ type: "quick_reply", reply: sentence }, words.value.ring.said);
	};
	const lit = door?.light === "on";
	const closeSheet = () => (sheet.value = "none");
	const question = sheetOf(props, reply, closeSheet);
	if (question) return <footer class="call-controls">{question}</footer>;
	return (
		<footer class="call-controls">
			{!few && (
				<div class="control-row">
					<Control
						hook="speaker"
						icon={muted.value ? "soundOff" : "sound"}
						label={muted.value ? text.speakerOff : text.speaker}
						pressed={!muted.value}
						onPress={speaker}
					/>
					{may("light") && (
						<Control
							hook="light"
							icon="light"
							label={lit ? text.lightOn : text.light}
							pressed={lit}
							disabled={door?.light === "unavailable"}
							onPress={() => void ask({ type: "light", on: !lit })}
						/>
					)}
					{may("chime") && (
						<Control
							hook="chime"
							icon="chime"
							label={text.chime}
							onPress={() => void ask({ type: "chime" }, text.chimed)}
						/>
					)}
					{may("talk") && (
						<>
							<Control
								hook="quick-reply"
								icon="reply"
								label={words.value.ring.quickReply}
								onPress={() => (sheet.value = "reply")}
							/>
							<Control
								hook="loudness"
								icon="loudness"
								label={text.loudness}
								onPress={() => (sheet.value = "loudness")}
							/>
						</>
					)}
				</div>
			)}
			<div class="control-row main">
				{may("unlock") && (
					<Control
						hook="unlock"
						kind="strong"
						icon={door?.lock === "unlocked" ? "unlock" : "lock"}
						label={door?.lock === "unlocked" ? text.unlocked : text.unlock}
						pressed={door?.lock === "unlocked"}
						disabled={door?.lock === "unavailable"}
						onPress={() => (sheet.value = "unlock")}
					/>
				)}
				{may("talk") && (
					<Talk talking={talking.value} disabled={false} onTalk={(on) => void talk(on)} />
				)}
				<Control hook="hang-up" kind="danger" icon="hangUp" label={text.hangUp} onPress={onLeave} />
			</div>
		</footer>
	);
}

function sheetOf(
	{ active, name, sheet }: ControlsProps,
	reply: (sentence: QuickReply["reply"]) => void,
	onClose: () => void,
) {
	const { call, doorbell } = active;
	switch (sheet.value) {
		case "reply":
			return <ReplySheet onReply={reply} onClose={onClose} />;
		case "unlock":
			return <UnlockSheet call={call} doorbell={active.doorbell} name={name} onClose={onClose} />;
		case "loudness":
			return <LoudnessSheet call={call} doorbell={doorbell} name={name} onClose={onClose} />;
		case "details":
			return <Details active={active} onClose={onClose} />;
		default:
			return null;
	}
}

function problemOf(error: unknown): string {
	if (error instanceof OfflineError) return words.value.call.reconnecting;
	return sentenceOf(error, words.value);
}

interface ControlProps {
	hook: string;
	icon: IconName;
	label: string;
	kind?: "strong" | "danger";
	pressed?: boolean;
	disabled?: boolean;
	onPress: () => void;
}

function Control({ hook, icon, label, kind, pressed, disabled, onPress }: ControlProps) {
	return (
		<button
			type="button"
			class={`control ${kind ?? ""} ${pressed ? "on" : ""}`}
			data-testid={hook}
			aria-pressed={pressed}
			disabled={disabled}
			onClick={onPress}
		>
			<span class="control-disc">
				<Icon name={icon} filled={kind === "danger"} />
			</span>
			<span class="control-label">{label}</span>
		</button>
	);
}
