import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { RefusedError } from "../api/problem";
import { askForMicrophone } from "../call/mic";
import type { Identity } from "../identity/identity";
import { type Invitation, readInvitation } from "../pairing/invitation";
import { PairingError, pair } from "../pairing/pair";
import { Icon, type IconName } from "../parts/icons";
import { sentenceOf } from "../parts/sentence";
import type { Paired } from "../protocol.gen";
import { isApplePhone, isInstalled } from "../push/push";
import { paths } from "../router";
import { type Words, words } from "../words";
import { Frame, Given, InstallFirst, Welcome } from "./pair-parts";

interface PairScreenProps {
	fragment: string;
	known: Identity | undefined;
	onPaired: (identity: Identity) => void;
	onDone: () => void;
}

type Step =
	| { at: "offer" }
	| { at: "working" }
	| { at: "failed"; why: string; fresh: boolean }
	| { at: "microphone"; paired: Paired }
	| { at: "done"; paired: Paired; microphone: boolean };

// Opening the link is the decision; this is the time to see what it gives and to change the name.
const BEGINS_AFTER_MS = 4_000;

/** Meet a doorbell: what it gives, a name, the keys, the microphone. */
export function PairScreen({ fragment, known, onPaired, onDone }: PairScreenProps) {
	const step = useSignal<Step>({ at: "offer" });
	const name = useSignal(known?.record.name ?? defaultName(words.value));
	const installFirst = useSignal(isApplePhone() && !isInstalled());
	const invitation = readInvitation(fragment);
	const { pair: text } = words.value;
	const waits = useSignal(false);

	const begin = async (open: Invitation) => {
		if (step.value.at === "working") return;
		waits.value = false;
		step.value = { at: "working" };
		try {
			const chosen = name.value.trim().slice(0, 60) || defaultName(words.value);
			const over = new AbortController();
			const { identity, paired } = await pair(open, chosen, known, over.signal);
			// The secret is used up; it need not stay in the address bar either.
			history.replaceState(null, "", paths.home);
			onPaired(identity);
			step.value = paired.rights.includes("talk")
				? { at: "microphone", paired }
				: { at: "done", paired, microphone: true };
		} catch (error) {
			step.value = { at: "failed", ...failureOf(error, words.value) };
		}
	};
	const microphone = async (paired: Paired) => {
		step.value = { at: "done", paired, microphone: await askForMicrophone() };
	};

	useEffect(() => {
		step.value = { at: "offer" };
		if (!invitation || !isSecureContext || installFirst.value) return;
		waits.value = true;
		const timer = setTimeout(() => waits.value && void begin(invitation), BEGINS_AFTER_MS);
		return () => clearTimeout(timer);
	}, [fragment]);

	const now = step.value;
	if (!invitation) return <Welcome title={text.none} text={text.broken} />;
	if (!isSecureContext) return <Welcome title={text.title} text={text.insecure} />;
	if (now.at === "microphone" || now.at === "done") {
		return (
			<Frame title={text.done(now.paired.doorbell_name)} glow>
				<p class="lead" data-testid="pair-done" role="status">
					{text.doneText}
				</p>
				<Given access={now.paired} />
				{now.at === "microphone" ? (
					<section class="card">
						<h2 class="card-title">
							<Icon name="mic" />
							{text.microphoneTitle}
						</h2>
						<p>{text.microphoneWhy}</p>
						<div class="actions stacked">
							<button
								type="button"
								class="pill primary"
								data-testid="allow-microphone"
								onClick={() => void microphone(now.paired)}
							>
								{text.microphoneAsk}
							</button>
							<button type="button" class="pill quiet" data-testid="pair-finish" onClick={onDone}>
								{text.later}
							</button>
						</div>
					</section>
				) : (
					<>
						{now.paired.rights.includes("talk") && (
							<p class={now.microphone ? "hint" : "hint bad"}>
								{now.microphone ? text.microphoneYes : text.microphoneNo}
							</p>
						)}
						<button
							type="button"
							class="pill primary wide"
							data-testid="pair-finish"
							onClick={onDone}
						>
							{text.finish}
						</button>
					</>
				)}
			</Frame>
		);
	}
	if (installFirst.value) return <InstallFirst onGoOn={() => (installFirst.value = false)} />;
	return (
		<Frame title={text.title}>
			<section class="gives">
				<h2>{text.gives}</h2>
				<ul>
					<Give icon="eye" what={text.giveSee} />
					<Give icon="mic" what={text.giveTalk} />
					<Give icon="unlock" what={text.giveOpen} />
					<Give icon="clock" what={text.givePast} />
				</ul>
				<p class="hint">{text.decides}</p>
			</section>
			<form
				class="card"
				onSubmit={(event) => {
					event.preventDefault();
					void begin(invitation);
				}}
			>
				<label class="field">
					<span>{text.name}</span>
					<input
						type="text"
						data-testid="phone-name"
						value={name.value}
						maxLength={60}
						required
						autoComplete="off"
						onFocus={() => (waits.value = false)}
						onInput={(event) => (name.value = event.currentTarget.value)}
					/>
					<small>{text.nameHint}</small>
				</label>
				{now.at === "failed" && (
					<>
						<p class="hint bad" role="alert" data-testid="pair-failed">
							{now.why}
						</p>
						{now.fresh && <p class="hint">{text.fresh}</p>}
					</>
				)}
				<button
					type="submit"
					class={waits.value ? "pill primary wide waits" : "pill primary wide"}
					data-testid="pair"
					disabled={now.at === "working"}
				>
					{now.at === "working" ? text.working : text.go}
				</button>
			</form>
			<p class="hint">{text.private}</p>
		</Frame>
	);
}

/** For a phone that opened the app without a link. */
export function UnpairedScreen() {
	const { pair: text } = words.value;
	return <Welcome title={text.none} text={text.noneText} />;
}

function Give({ icon, what }: { icon: IconName; what: string }) {
	return (
		<li>
			<Icon name={icon} />
			{what}
		</li>
	);
}

/** "iPhone": good enough to keep, easy to change. */
export function defaultName({ pair }: Words, agent = navigator.userAgent): string {
	const { devices } = pair;
	if (/iPhone/.test(agent)) return devices.iphone;
	if (/iPad/.test(agent)) return devices.ipad;
	if (/Android/.test(agent)) return devices.android;
	if (/Macintosh/.test(agent)) return devices.mac;
	if (/Windows/.test(agent)) return devices.windows;
	if (/Linux/.test(agent)) return devices.linux;
	return devices.other;
}

const REASON_BY_STATUS = { 403: "wrong", 410: "used" } as const;

/** Why the phone is not paired, and whether a fresh link would help. */
export function failureOf(error: unknown, words: Words): { why: string; fresh: boolean } {
	const { pair } = words;
	if (error instanceof PairingError) {
		return { why: pair.failed[error.reason], fresh: error.reason !== "impostor" };
	}
	if (!(error instanceof RefusedError)) return { why: sentenceOf(error, words), fresh: false };
	if (error.status === 503 || error.status === 504) return { why: pair.away, fresh: false };
	const reason = REASON_BY_STATUS[error.status as keyof typeof REASON_BY_STATUS];
	if (reason) return { why: pair.failed[reason], fresh: true };
	return { why: sentenceOf(error, words), fresh: false };
}
