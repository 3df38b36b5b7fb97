import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Call } from "../call/call";
import { DeniedError } from "../call/control";
import { ReceiptError } from "../call/unlock";
import { PasskeyError } from "../identity/passkey";
import { Icon } from "../parts/icons";
import { notify } from "../parts/notice";
import { useSession } from "../parts/session";
import { Sheet } from "../parts/sheet";
import { Slide } from "../parts/slide";
import type { Challenge } from "../protocol.gen";
import { paths } from "../router";
import { type Words, words } from "../words";

// A finger or a code takes a few seconds: with an older challenge they would come too late.
const PASSKEY_CHALLENGE_MS = 1_500;

interface UnlockSheetProps {
	call: Call;
	doorbell: string;
	name: string;
	onClose: () => void;
}

type Step =
	| { at: "asking" }
	| { at: "ready"; challenge: Challenge; sinceMs: number }
	| { at: "working"; passkey: boolean }
	| { at: "failed"; why: string; unset: boolean };

/** Opening the door takes two steps: the doorbell's challenge, and this phone's signature. */
export function UnlockSheet({ call, doorbell, name, onClose }: UnlockSheetProps) {
	const step = useSignal<Step>({ at: "asking" });
	const tries = useSignal(0);
	const { call: text, trust, app } = words.value;

	const fail = (error: unknown) => {
		const unset = error instanceof PasskeyError && error.trouble === "missing";
		step.value = { at: "failed", why: whyNot(error, words.value), unset };
	};
	useEffect(() => {
		let current = true;
		let timer: ReturnType<typeof setTimeout> | undefined;
		step.value = { at: "asking" };
		call
			.challenge()
			.then((challenge) => {
				if (!current) return;
				step.value = { at: "ready", challenge, sinceMs: performance.now() };
				timer = setTimeout(() => {
					if (step.value.at !== "ready") return;
					step.value = { at: "failed", why: trust.unlock.late, unset: false };
				}, challenge.valid_s * 1000);
			})
			.catch((error: unknown) => current && fail(error));
		return () => {
			current = false;
			clearTimeout(timer);
		};
	}, [call, tries.value]);

	const confirm = async () => {
		const ready = step.value;
		if (ready.at !== "ready") return;
		const passkey = ready.challenge.passkey !== null;
		step.value = { at: "working", passkey };
		try {
			const old = passkey && performance.now() - ready.sinceMs > PASSKEY_CHALLENGE_MS;
			const receipt = await call.unlock(old ? await call.challenge() : ready.challenge);
			notify(trust.unlock.opened(text.seconds(Math.round(receipt.pulse_s)), receipt.row));
			onClose();
		} catch (error) {
			fail(error);
		}
	};
	const now = step.value;
	return (
		<Sheet opener="unlock" class="unlock-sheet" label={text.unlockAsk(name)} onClose={onClose}>
			{now.at === "failed" ? (
				<Failed
					why={now.why}
					remedy={now.unset ? paths.household(doorbell, "passkey") : undefined}
					onAgain={() => (tries.value += 1)}
				/>
			) : (
				<>
					<h2 class="sheet-title">{text.unlockAsk(name)}</h2>
					<Who step={now} />
					<Slide
						label={text.unlockSlide}
						press={text.unlockPress}
						disabled={now.at !== "ready"}
						onConfirm={() => void confirm()}
					/>
				</>
			)}
			{now.at === "ready" && (
				<span
					class="countdown"
					aria-hidden="true"
					style={{ animationDuration: `${now.challenge.valid_s}s` }}
				/>
			)}
			<button type="button" class="pill quiet" onClick={onClose}>
				<Icon name="close" />
				{app.cancel}
			</button>
		</Sheet>
	);
}

/** As whom, for how long, and what comes after the gesture. */
function Who({ step }: { step: Exclude<Step, { at: "failed" }> }) {
	const { identity } = useSession();
	const { call: text, trust } = words.value;
	if (step.at === "working") {
		return (
			<p class="sheet-text" role="status">
				{step.passkey ? trust.unlock.waiting : trust.unlock.opening}
			</p>
		);
	}
	const challenge = step.at === "ready" ? step.challenge : undefined;
	const seconds = challenge ? text.seconds(Math.round(challenge.pulse_s)) : "…";
	return (
		<p class="sheet-text">
			{text.unlockWho(identity.record.name, seconds)}
			{challenge?.passkey && ` ${trust.unlock.thenPasskey}`}
		</p>
	);
}

interface FailedProps {
	why: string;
	/** Where the passkey that is missing can be made. */
	remedy: string | undefined;
	onAgain: () => void;
}

function Failed({ why, remedy, onAgain }: FailedProps) {
	const { unlock } = words.value.trust;
	return (
		<>
			<h2 class="sheet-title">{unlock.failed}</h2>
			<p class="sheet-text" role="alert" data-testid="unlock-failed">
				{why}
			</p>
			{remedy ? (
				<a class="pill primary" data-testid="unlock-remedy" href={remedy}>
					{unlock.toSettings}
				</a>
			) : (
				<button type="button" class="pill primary" data-testid="unlock-again" onClick={onAgain}>
					{unlock.again}
				</button>
			)}
		</>
	);
}

/** Why the door stayed locked, and what to do. */
export function whyNot(error: unknown, { call, trust }: Words): string {
	const { unlock } = trust;
	if (error instanceof PasskeyError) return unlock.passkey[error.trouble];
	if (error instanceof ReceiptError) return unlock.noReceipt;
	if (!(error instanceof DeniedError)) return call.unlockFailed(call.silent);
	if (error.reason === "challenge") return unlock.late;
	if (error.reason === "rate") return error.detail || unlock.rate;
	// What this phone may not do, the doorbell explains whole: with the times, and who can help.
	if (error.reason === "right" && error.detail) return error.detail;
	return call.unlockFailed(error.detail || call.silent);
}
