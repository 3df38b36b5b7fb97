import type { OpenCode } from "../../household/code";
import { leftLine, rightsLine } from "../../household/describe";
import { Card } from "../../parts/card";
import { copyText } from "../../parts/copy";
import { useHousehold } from "../../parts/household";
import { Icon } from "../../parts/icons";
import { notify } from "../../parts/notice";
import { QrCode } from "../../parts/qr";
import type { Member } from "../../protocol.gen";
import { paths } from "../../router";
import { words } from "../../words";
import { useAsking } from "./use-asking";

// Less is worth a word: somebody may be guessing.
const ALL_TRIES = 5;

interface CodeProps {
	code: OpenCode;
	tries: number | undefined;
	nowMs: number;
}

/** The code to scan, and what is left of its life. */
export function CodeCard({ code, tries = ALL_TRIES, nowMs }: CodeProps) {
	const { invite } = words.value.household;
	const seconds = (code.endsAtMs - nowMs) / 1000;
	return (
		<>
			<Card class="code">
				<p class="lead">{invite.show}</p>
				<QrCode text={code.link} label={invite.code} />
				<p class="code-left" role="timer" data-testid="code-left">
					{invite.once} {invite.left(leftLine(seconds))}
				</p>
				{tries < ALL_TRIES && <p class="hint bad">{invite.tries(tries)}</p>}
			</Card>
			<div class="column">
				<LinkCard link={code.link} />
				<Withdraw />
			</div>
		</>
	);
}

function LinkCard({ link }: { link: string }) {
	const { name } = useHousehold();
	const { invite } = words.value.household;
	// What was cancelled needs no word.
	const share = () =>
		void navigator
			.share({ title: "Doorstep", text: invite.shareText(name), url: link })
			.catch(() => undefined);
	return (
		<Card icon="share">
			<p class="hint">{invite.secret}</p>
			<output class="secret" data-testid="invite-link">
				{link}
			</output>
			<div class="actions">
				{"share" in navigator && (
					<button type="button" class="pill quiet" onClick={share}>
						<Icon name="share" />
						{invite.share}
					</button>
				)}
				<button type="button" class="pill quiet" onClick={() => void copyText(link)}>
					{invite.copy}
				</button>
			</div>
		</Card>
	);
}

function Withdraw() {
	const { desk, code } = useHousehold();
	const { invite } = words.value.household;
	const asking = useAsking();
	const withdraw = async () => {
		const done = await asking.run(() => desk.ask({ type: "withdraw_invitation" }));
		if (!done) return;
		code.value = null;
		notify(invite.withdrawn);
	};
	return (
		<div class="go">
			{asking.fault.value && (
				<p class="hint bad" role="alert">
					{asking.fault.value}
				</p>
			)}
			<button
				type="button"
				class="pill quiet wide remove"
				data-testid="withdraw"
				disabled={!asking.ready}
				onClick={() => void withdraw()}
			>
				<Icon name="close" />
				{invite.withdraw}
			</button>
		</div>
	);
}

/** Somebody has come in by the code. */
export function UsedCard({ by }: { by: Member }) {
	const { doorbell, code } = useHousehold();
	const { invite } = words.value.household;
	return (
		<Card class="code used">
			<span class="used-mark">
				<Icon name="check" />
			</span>
			<p class="lead" role="status" data-testid="invite-used">
				{invite.used(by.phone.name)}
			</p>
			<p class="hint">
				{rightsLine(by.phone, words.value)} · {invite.usedHint}
			</p>
			<div class="actions">
				<a class="pill primary" href={paths.household(doorbell, "phone", by.phone.id)}>
					{invite.toPhone}
				</a>
				<button type="button" class="pill quiet" onClick={() => (code.value = null)}>
					{invite.again}
				</button>
			</div>
		</Card>
	);
}
