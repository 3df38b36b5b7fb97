import type { ChainedRow } from "../../household/chain";
import { readable } from "../../household/describe";
import { useHousehold } from "../../parts/household";
import { Icon, type IconName } from "../../parts/icons";
import { clockWithSeconds, dayLabel } from "../../parts/time";
import type { AuditRow } from "../../protocol.gen";
import { locale, words } from "../../words";

const ICONS: Readonly<Record<AuditRow["what"], IconName>> = {
	started: "info",
	paired: "phone",
	pairing_refused: "phone",
	invited: "share",
	invitation_withdrawn: "share",
	phone_changed: "phone",
	phone_removed: "trash",
	household_reset: "trash",
	token_made: "eye",
	token_revoked: "eye",
	policy_changed: "settings",
	passkey_made: "key",
	passkey_removed: "key",
	call_began: "answer",
	call_ended: "hangUp",
	call_refused: "bellOff",
	unlock_granted: "unlock",
	unlock_done: "unlock",
	unlock_ended: "lock",
	unlock_failed: "lock",
	unlock_refused: "lock",
	exported: "download",
	update_wanted: "download",
};
const REFUSALS: ReadonlySet<AuditRow["what"]> = new Set([
	"pairing_refused",
	"call_refused",
	"unlock_failed",
	"unlock_refused",
]);

/** Rows under the days on which they were written. */
export function LogRows({ rows }: { rows: readonly ChainedRow[] }) {
	const { now } = useHousehold();
	const days = byDay(rows, now());
	return (
		<div class="log" data-testid="log-rows">
			{days.map(([day, each]) => (
				<section key={`${day} ${each[0]?.row.number}`}>
					<h2 class="log-day">{day}</h2>
					<ol class="log-rows">
						{each.map((row) => (
							<LogRow key={row.row.number} row={row.row} />
						))}
					</ol>
				</section>
			))}
		</div>
	);
}

function LogRow({ row }: { row: AuditRow }) {
	const { log: text } = words.value;
	const who = row.who === "automation" ? text.automation : row.name;
	const kind = row.what === "unlock_done" ? "opened" : REFUSALS.has(row.what) ? "refused" : "";
	const marks = [!row.clock && text.clockUnknown, row.evidence && text.signed].filter(Boolean);
	return (
		<li class={`log-row ${kind}`} data-testid="log-row" data-what={row.what}>
			<span class="log-icon">
				<Icon name={ICONS[row.what] ?? "info"} />
			</span>
			<span class="log-words">
				<span class="log-what">
					{text.what[row.what] ?? row.what}
					{who && <span class="log-who">{who}</span>}
				</span>
				{row.detail && <small>{readable(row.detail, locale.value)}</small>}
				{marks.length > 0 && <small class="log-marks">{marks.join(" · ")}</small>}
			</span>
			<span class="log-when">
				<time dateTime={new Date(row.at_ms).toISOString()} class={row.clock ? "" : "doubtful"}>
					{clockWithSeconds(row.at_ms, locale.value)}
				</time>
				<small>{text.row(row.number)}</small>
			</span>
		</li>
	);
}

function byDay(rows: readonly ChainedRow[], nowMs: number): [string, ChainedRow[]][] {
	const days: [string, ChainedRow[]][] = [];
	for (const row of rows) {
		const day = dayLabel(row.row.at_ms, nowMs, locale.value);
		const last = days.at(-1);
		if (last?.[0] === day) last[1].push(row);
		else days.push([day, [row]]);
	}
	return days;
}
