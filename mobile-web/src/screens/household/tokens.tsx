import { useSignal } from "@preact/signals";
import { addressesOf } from "../../household/addresses";
import { dayAndTime } from "../../household/describe";
import { Ask } from "../../parts/ask";
import { Card } from "../../parts/card";
import { copyText } from "../../parts/copy";
import { useHousehold } from "../../parts/household";
import { Icon } from "../../parts/icons";
import { notify } from "../../parts/notice";
import type { MintedToken, TokenMade } from "../../protocol.gen";
import { locale, words } from "../../words";
import { NewToken } from "./new-token";
import { useAsking } from "./use-asking";

/** Tokens of other software: one shown in full just after it was made, the others by name. */
export function TokensPage() {
	const { desk, token } = useHousehold();
	const { tokens: text } = words.value.household;
	const tokens = desk.view.value?.tokens ?? [];
	return (
		<>
			<div class="column">{token.value ? <Made made={token.value} /> : <NewToken />}</div>
			<div class="column">
				<Card icon="eye" title={text.list}>
					{tokens.length === 0 && <p class="hint">{text.none}</p>}
					<ul class="rows" data-testid="tokens">
						{tokens.map((each) => (
							<li key={each.id}>
								<TokenRow token={each} />
							</li>
						))}
					</ul>
				</Card>
			</div>
		</>
	);
}

function Made({ made }: { made: TokenMade }) {
	const { doorbell, name, token } = useHousehold();
	const { tokens: text } = words.value.household;
	const { kind } = made.token;
	return (
		<Card icon="check" title={text.made(made.token.name)} class="made">
			<p class="banner">{text.once}</p>
			{addressesOf(kind, location.origin, doorbell, name, made.secret).map((pasted) => (
				<div class="paste" key={pasted.hook}>
					<div class="paste-head">
						<h3>{text[pasted.hook]}</h3>
						<button
							type="button"
							class="pill quiet small"
							aria-label={text.copy(text[pasted.hook])}
							onClick={() => void copyText(pasted.text)}
						>
							{words.value.household.invite.copyWord}
						</button>
					</div>
					<output class="secret" data-testid={`paste-${pasted.hook}`}>
						{pasted.text}
					</output>
				</div>
			))}
			<button
				type="button"
				class="pill primary wide"
				data-testid="token-kept"
				onClick={() => (token.value = null)}
			>
				{text.done}
			</button>
		</Card>
	);
}

function TokenRow({ token }: { token: MintedToken }) {
	const { desk } = useHousehold();
	const { tokens: text } = words.value.household;
	const open = useSignal(false);
	const asking = useAsking();
	const revoke = async () => {
		const done = await asking.run(() => desk.ask({ type: "revoke_token", token: token.id }));
		if (done) notify(text.revoked);
	};
	if (open.value) {
		return (
			<>
				<Ask
					question={text.revokeAsk(token.name)}
					yes={text.revokeYes}
					hook="revoke-yes"
					busy={!asking.ready}
					onYes={() => void revoke()}
					onNo={() => (open.value = false)}
				/>
				{asking.fault.value && <p class="hint bad">{asking.fault.value}</p>}
			</>
		);
	}
	return (
		<div class="row" data-testid="token">
			<Icon name={token.kind === "view" ? "eye" : "camera"} />
			<span class="row-words">
				<span class="row-title">{token.name}</span>
				{linesOf(token).map((line) => (
					<small key={line}>{line}</small>
				))}
			</span>
			<button
				type="button"
				class="pill quiet small"
				data-testid="revoke"
				aria-label={`${text.revoke}: ${token.name}`}
				disabled={!asking.ready}
				onClick={() => (open.value = true)}
			>
				{text.revoke}
			</button>
		</div>
	);
}

function linesOf({ kind, since_ms, used_ms, until_ms }: MintedToken): readonly string[] {
	const { tokens: text } = words.value.household;
	const when = (ms: number) => dayAndTime(ms, locale.value);
	const life = [text.since(when(since_ms))];
	if (until_ms !== null) {
		life.push(until_ms <= Date.now() ? text.over(when(until_ms)) : text.ends(when(until_ms)));
	}
	// Which program sends recordings is seen by the server, not by the doorbell.
	const use = used_ms === null ? text.unused : text.used(when(used_ms));
	return [`${text.kinds[kind]} · ${use}`, life.join(" · ")];
}
