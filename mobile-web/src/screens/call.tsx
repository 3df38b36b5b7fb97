import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { OfflineError } from "../api/problem";
import type { Asked } from "../call/control";
import type { CallModel } from "../call/state";
import { Icon, type IconName } from "../parts/icons";
import { notify } from "../parts/notice";
import { ReplySheet } from "../parts/reply-sheet";
import { sentenceOf } from "../parts/sentence";
import { useSession } from "../parts/session";
import { Talk } from "../parts/talk";
import { useWakeLock } from "../parts/wake-lock";
import type { Doorbell, Phone, QuickReply } from "../protocol.gen";
import { go, paths } from "../router";
import type { ActiveCall } from "../session";
import { type Words, words } from "../words";
import { pictureOf } from "./stage";
import { UnlockSheet } from "./unlock";

interface CallPanelProps {
	active: ActiveCall;
	doorbell: Doorbell | undefined;
	name: string;
	whole: Signal<boolean>;
	muted: Signal<boolean>;
	over: boolean;
}

type Right = Phone["rights"][number];

/** Everything that lies on the live picture: the line of truth above, the controls below. */
export function CallPanel({ active, doorbell, name, whole, muted, over }: CallPanelProps) {
	const session = useSession();
	const model = active.model.value;
	const { call: text } = words.value;
	useWakeLock(!over);
	const leave = () => {
		session.hangUp();
		go(paths.home, "replace");
	};
	useEffect(() => {
		if (model.end?.why === "hung_up") leave();
	}, [model.end]);
	return (
		<div class="call">
			<header class="door-top">
				<button
					type="button"
					class="round on-picture"
					aria-label={words.value.app.back}
					onClick={leave}
				>
					<Icon name="back" />
				</button>
				<div class="door-title">
					<h1 class="door-name">{name}</h1>
					<p class="door-line">
						<span class={`lamp ${lampOf(model)}`} />
						<span data-testid="call-state" role="status" aria-live="polite">
							{lineOf(model, words.value)}
						</span>
					</p>
					<Others model={model} talking={active.talking.value} />
				</div>
				<button
					type="button"
					class="round on-picture"
					aria-label={whole.value ? text.fill : text.fit}
					aria-pressed={whole.value}
					onClick={() => {
						whole.value = !whole.value;
					}}
				>
					<Icon name={whole.value ? "fit" : "fill"} />
				</button>
			</header>
			{over ? (
				<Ended active={active} onLeave={leave} />
			) : (
				<Controls active={active} doorbell={doorbell} name={name} muted={muted} onLeave={leave} />
			)}
		</div>
	);
}

/** The line of truth. */
export function lineOf(model: CallModel, { call }: Words): string {
	switch (model.phase) {
		case "idle":
		case "calling":
			return call.calling;
		case "connecting":
			return call.connecting;
		case "reconnecting":
			return call.reconnecting;
		case "ended":
			return call.ended;
		case "live":
			if (model.layer === "low") return call.smaller;
			return model.network === "weak" ? call.weak : call.good;
	}
}

function lampOf({ phase, network, layer }: CallModel): string {
	if (phase !== "live") return phase === "ended" ? "off" : "waiting";
	return network === "good" && layer === "high" ? "on" : "waiting";
}

/** Who else sees and hears this; first of all, whether this phone is heard. */
function Others({ model, talking: heard }: { model: CallModel; talking: boolean }) {
	const { call } = words.value;
	if (model.phase === "reconnecting") return <p class="door-others">{call.lastPicture}</p>;
	if (heard) return <p class="door-others">{call.talking}</p>;
	// Without a connection nobody knows who else is there.
	if (model.phase !== "live" || model.others.length === 0) return null;
	const talking = model.others.find((other) => other.talking);
	const names = model.others.map(({ name }) => name).join(", ");
	return (
		<p class="door-others">{talking ? call.talkingOther(talking.name) : call.withOthers(names)}</p>
	);
}

function Ended({ active, onLeave }: { active: ActiveCall; onLeave: () => void }) {
	const session = useSession();
	const { call: text, app } = words.value;
	const { end } = active.model.value;
	const again = () => {
		performance.mark("doorstep:tap");
		session.call(active.doorbell, active.answers);
	};
	return (
		<footer class="call-controls ended">
			<section class="sheet">
				<p class="sheet-text" role="alert">
					{end && sentenceOfEnd(end, text)}
				</p>
				<button type="button" class="pill primary" onClick={again}>
					{text.again}
				</button>
				<button type="button" class="pill quiet" onClick={onLeave}>
					{app.home}
				</button>
			</section>
		</footer>
	);
}

/** The server's own sentence where it knows more than we do. */
function sentenceOfEnd(
	{ why, detail }: NonNullable<CallModel["end"]>,
	text: Words["call"],
): string {
	return (why === "refused" && detail) || text.why[why];
}

interface ControlsProps {
	active: ActiveCall;
	doorbell: Doorbell | undefined;
	name: string;
	muted: Signal<boolean>;
	onLeave: () => void;
}

function Controls({ active, doorbell, name, muted, onLeave }: ControlsProps) {
	const { call, talking } = active;
	const model = active.model.value;
	const sheet = useSignal<"none" | "reply" | "unlock">("none");
	const { call: text } = words.value;
	const may = (right: Right) => doorbell?.me.rights.includes(right) ?? true;
	const door = model.door ?? doorbell?.state ?? null;

	const ask = async (right: Right, asked: Asked, done?: string) => {
		if (!may(right)) {
			notify(words.value.rights.missing(right), "bad");
			return;
		}
		try {
			await call.ask(asked);
			if (done) notify(done);
		} catch (error) {
			notify(problemOf(error), "bad");
		}
	};
	const talk = async (on: boolean) => {
		if (on && !may("talk")) {
			notify(words.value.rights.missing("talk"), "bad");
			return;
		}
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
		call.ask({ type: "mute", on: muted.value }).catch(() => undefined);
	};
	const reply = (sentence: QuickReply["reply"]) => {
		sheet.value = "none";
		void ask("talk", { type: "quick_reply", reply: sentence }, words.value.ring.said);
	};
	const lit = door?.light === "on";
	if (sheet.value === "reply") {
		return (
			<footer class="call-controls">
				<ReplySheet onReply={reply} onClose={() => (sheet.value = "none")} />
			</footer>
		);
	}
	if (sheet.value === "unlock") {
		return (
			<footer class="call-controls">
				<UnlockSheet call={call} name={name} onClose={() => (sheet.value = "none")} />
			</footer>
		);
	}
	return (
		<footer class="call-controls">
			<div class="control-row">
				<Control
					hook="speaker"
					icon={muted.value ? "soundOff" : "sound"}
					label={muted.value ? text.speakerOff : text.speaker}
					pressed={!muted.value}
					onPress={speaker}
				/>
				<Control
					hook="light"
					icon="light"
					label={lit ? text.lightOn : text.light}
					pressed={lit}
					disabled={door?.light === "unavailable"}
					onPress={() => void ask("light", { type: "light", on: !lit })}
				/>
				<Control
					hook="chime"
					icon="chime"
					label={text.chime}
					onPress={() => void ask("chime", { type: "chime" }, text.chimed)}
				/>
				<Control
					hook="quick-reply"
					icon="reply"
					label={words.value.ring.quickReply}
					onPress={() => (sheet.value = "reply")}
				/>
				<SavePicture name={name} />
			</div>
			<div class="control-row main">
				<Control
					hook="unlock"
					kind="strong"
					icon={door?.lock === "unlocked" ? "unlock" : "lock"}
					label={door?.lock === "unlocked" ? text.unlocked : text.unlock}
					pressed={door?.lock === "unlocked"}
					disabled={door?.lock === "unavailable"}
					onPress={() => {
						if (may("unlock")) sheet.value = "unlock";
						else notify(words.value.rights.missing("unlock"), "bad");
					}}
				/>
				<Talk talking={talking.value} disabled={false} onTalk={(on) => void talk(on)} />
				<Control hook="hang-up" kind="danger" icon="hangUp" label={text.hangUp} onPress={onLeave} />
			</div>
		</footer>
	);
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

function SavePicture({ name }: { name: string }) {
	const save = async () => {
		const video = document.querySelector<HTMLVideoElement>("[data-testid=live-video]");
		const picture = video && (await pictureOf(video));
		if (!picture) return;
		const link = document.createElement("a");
		link.href = URL.createObjectURL(picture);
		link.download = `${name} ${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.jpg`;
		link.click();
		URL.revokeObjectURL(link.href);
	};
	return (
		<Control
			hook="save-picture"
			icon="camera"
			label={words.value.call.snapshot}
			onPress={() => void save()}
		/>
	);
}
