-- What the tables of a trace come to. All times are nanoseconds of the trace's clock, cut to the window.

-- The threads of the targets, of their local peers, and those that only woke somebody. `run_ns`, `delay_ns`: the kernel's own count in the
-- window, null where it was not read twice. `begins_ns`: null where nothing is known of the thread before its first row.
CREATE OR REPLACE VIEW holdup.threads AS
WITH programs AS (
  SELECT pid, regexp_extract(arg_max(exe, end_ns) FILTER (exe <> ''), '[^/]*$') AS program
  FROM holdup.tasks GROUP BY pid),
facts AS (
  SELECT tid, pid,
         coalesce(arg_max(name, end_ns) FILTER (name <> ''), '') AS thread,
         -- Readings of the kernel's count say nothing of the role.
         coalesce(arg_max(role, end_ns) FILTER (fact NOT IN ('books-opened', 'books-closed')), 'bystander') AS role,
         min(end_ns) FILTER (fact = 'born') AS born_ns,
         min(end_ns) FILTER (fact = 'seen') AS seen_ns,
         max(end_ns) FILTER (fact = 'exited') AS exited_ns,
         max(run_ns) FILTER (fact = 'books-closed') - min(run_ns) FILTER (fact = 'books-opened') AS run_ns,
         max(delay_ns) FILTER (fact = 'books-closed') - min(delay_ns) FILTER (fact = 'books-opened') AS delay_ns
  FROM holdup.tasks GROUP BY tid, pid)
SELECT tid, pid, thread, coalesce(program, thread) AS program, role,
       CASE WHEN born_ns IS NOT NULL THEN greatest(born_ns, opened_ns) WHEN seen_ns <= opened_ns THEN opened_ns END AS begins_ns,
       least(coalesce(exited_ns, closed_ns), closed_ns) AS ends_ns,
       run_ns, delay_ns
FROM facts LEFT JOIN programs USING (pid) CROSS JOIN holdup.trace;

-- What is waited for: each resource once, by what is known of it last. `resource`: what a person would call it.
CREATE OR REPLACE VIEW holdup.resource_names AS
SELECT *,
       CASE kind
         WHEN 'socket' THEN CASE
           WHEN role IN ('server', 'listener') THEN 'service at ' || coalesce(nullif(local, ''), path)
           WHEN remote <> '' THEN remote
           WHEN path <> '' THEN path
           WHEN peer_pid <> 0 THEN family || ' of process ' || peer_pid
           ELSE family || ' socket ' || inode END
         WHEN 'file' THEN CASE
           WHEN file = 'pipe' THEN 'pipe ' || inode
           WHEN path <> '' THEN path
           ELSE file END
         WHEN 'timer' THEN 'time'
         WHEN 'address-space' THEN 'address space of process ' || pid
         WHEN 'kernel-lock' THEN 'lock of the kernel at ' || printf('0x%x', address)
         ELSE CASE WHEN path <> '' THEN path ELSE kind || ' ' || printf('0x%x', address) END
       END AS resource,
       -- A pair of sockets within one process, by which its threads wake each other, is no peer.
       kind = 'socket' AND role NOT IN ('server', 'listener')
         AND NOT (family = 'unix' AND pid <> 0 AND peer_pid = pid) AS is_peer
FROM holdup.resources
QUALIFY row_number() OVER (PARTITION BY resource_id ORDER BY since_ns DESC, position DESC) = 1;

-- Call stacks, each once. `call_site`: the frame a person should read, as the report names it; null where there is none.
-- `stack`: all frames, the outermost first.
CREATE OR REPLACE VIEW holdup.call_sites AS
WITH latest AS (SELECT * FROM holdup.stacks QUALIFY since_ns = max(since_ns) OVER (PARTITION BY stack_id)),
     named AS (
       SELECT stack_id, pid, frame,
              CASE WHEN symbol = '' THEN place || printf('+0x%x', module_offset)
                   WHEN place = '' THEN symbol
                   WHEN line = 0 THEN symbol || ' (' || place || ')'
                   ELSE symbol || ' (' || place || ':' || line || ')' END AS name
       FROM (SELECT *, regexp_extract(CASE WHEN file <> '' THEN file ELSE module END, '[^/]*$') AS place FROM latest WHERE frames > 0))
SELECT stack_id, any_value(pid) AS pid,
       any_value(name) FILTER (named.frame = own_frames.frame) AS call_site,
       arg_min(name, named.frame) AS innermost,
       string_agg(name, ';' ORDER BY named.frame DESC) AS stack
FROM named LEFT JOIN holdup.own_frames USING (stack_id)
GROUP BY stack_id;

-- Where each futex is waited for most: call sites are taken of some waits only, and the others are taken to come from there too.
CREATE OR REPLACE VIEW holdup.locks AS
WITH counts AS (
  SELECT resource_id, call_site, count(*) AS waits
  FROM holdup.waits JOIN holdup.call_sites USING (stack_id)
  WHERE call IN ('futex', 'futex_waitv') AND call_site IS NOT NULL
  GROUP BY ALL)
SELECT resource_id, arg_max(call_site, waits) AS call_site FROM counts GROUP BY resource_id;

-- Each time off the CPU, with names. `blocked_ns`: until it was woken; `queued_ns`: ready, but no CPU free. A wait of over a second comes
-- in parts: `is_first` marks one of each. `waker_tid` is 0 where nobody woke it on purpose.
CREATE OR REPLACE VIEW holdup.off_cpu AS
WITH cut AS (
  SELECT *, greatest(end_ns - duration_ns, opened_ns) AS start_ns, least(end_ns, closed_ns) AS until_ns,
         CASE WHEN reason IN ('preempted', 'yielded') THEN end_ns - duration_ns ELSE end_ns - queued_ns END AS woken_ns
  FROM holdup.waits CROSS JOIN holdup.trace)
SELECT cut.tid, cut.pid, t.thread, t.program, t.role, cut.start_ns, cut.until_ns AS end_ns,
       greatest(least(woken_ns, until_ns) - start_ns, 0) AS blocked_ns,
       greatest(until_ns - greatest(woken_ns, start_ns), 0) AS queued_ns,
       cut.reason, cut.call, cut.op, cut.resource_id, r.kind, r.is_peer,
       CASE WHEN cut.reason <> 'blocked' THEN cut.reason
            WHEN cut.memory_stall THEN 'memory that is taken back'
            WHEN cut.kernel_lock AND r.kind IS DISTINCT FROM 'kernel-lock' THEN coalesce('lock of the kernel: ' || r.resource, 'lock of the kernel')
            WHEN cut.call IN ('futex', 'futex_waitv') THEN coalesce('lock taken in ' || l.call_site, r.resource, 'lock')
            WHEN cut.call IN ('flock', 'fcntl') THEN coalesce('lock of ' || r.resource, 'lock of a file')
            WHEN cut.call IN ('fsync', 'fdatasync', 'sync_file_range', 'msync', 'sync', 'syncfs') THEN coalesce('sync of ' || r.resource, 'sync')
            WHEN cut.call IN ('nanosleep', 'clock_nanosleep') THEN 'sleep'
            WHEN cut.call = '-' THEN 'page fault'
            ELSE coalesce(r.resource, cut.call) END AS waits_for,
       coalesce(s.call_site, l.call_site) AS call_site, s.stack, cut.stack_id,
       CASE WHEN cut.waker_call = '-' THEN 0 ELSE cut.waker_tid END AS waker_tid, cut.waker_pid, cut.owner_tid,
       NOT cut.continuation AS is_first, cut.kernel_lock, cut.memory_stall
FROM cut
LEFT JOIN holdup.threads t ON t.tid = cut.tid AND t.pid = cut.pid
LEFT JOIN holdup.resource_names r ON r.resource_id = cut.resource_id
LEFT JOIN holdup.call_sites s ON s.stack_id = cut.stack_id
LEFT JOIN holdup.locks l ON l.resource_id = cut.resource_id AND cut.call IN ('futex', 'futex_waitv')
WHERE until_ns > start_ns;

-- What each thread does at each instant, one stretch after the other: running, queued, waiting, stopped, unknown.
CREATE OR REPLACE VIEW holdup.states AS
WITH off AS (
  SELECT *, max(end_ns) OVER (PARTITION BY tid, pid ORDER BY start_ns, end_ns ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_ns
  FROM holdup.off_cpu WHERE role IN ('target', 'peer')),
ends AS (SELECT tid, pid, max(end_ns) AS last_ns FROM off GROUP BY tid, pid),
-- Between two times off the CPU it runs; before the first one, and after the last one, where it is known to have lived.
runs AS (
  SELECT off.tid, off.pid, coalesce(before_ns, begins_ns) AS start_ns, off.start_ns AS end_ns
  FROM off JOIN holdup.threads t ON t.tid = off.tid AND t.pid = off.pid
  UNION ALL
  SELECT t.tid, t.pid, coalesce(last_ns, begins_ns), ends_ns
  FROM holdup.threads t LEFT JOIN ends ON ends.tid = t.tid AND ends.pid = t.pid
  WHERE t.role IN ('target', 'peer')),
-- Where rows are missing nobody is known to run.
known AS (
  SELECT tid, pid, start_ns, end_ns,
         (SELECT min(from_ns) FROM holdup.gaps WHERE from_ns < end_ns AND to_ns > start_ns) AS gap_ns
  FROM runs WHERE start_ns < end_ns),
stretches AS (
  SELECT tid, pid, 'running' AS state, start_ns, least(end_ns, greatest(coalesce(gap_ns, end_ns), start_ns)) AS end_ns, NULL AS waits_for FROM known
  UNION ALL
  SELECT tid, pid, 'unknown', greatest(gap_ns, start_ns), end_ns, NULL FROM known WHERE gap_ns IS NOT NULL
  UNION ALL
  SELECT tid, pid, CASE WHEN reason IN ('stopped', 'traced', 'frozen') THEN 'stopped' ELSE 'waiting' END, start_ns, start_ns + blocked_ns, waits_for FROM off
  UNION ALL
  SELECT tid, pid, 'queued', end_ns - queued_ns, end_ns, NULL FROM off)
SELECT s.tid, s.pid, t.thread, t.program, t.role, s.state, s.start_ns, s.end_ns, s.end_ns - s.start_ns AS duration_ns, s.waits_for
FROM stretches s JOIN holdup.threads t ON t.tid = s.tid AND t.pid = s.pid
WHERE s.start_ns < s.end_ns;

-- Samples of threads that were found running, with names.
CREATE OR REPLACE VIEW holdup.on_cpu AS
SELECT x.end_ns, x.tid, x.pid, t.thread, t.program, t.role, s.call_site, s.innermost, s.stack, x.stack_id, x.spins, x.memory_stall
FROM holdup.samples x
LEFT JOIN holdup.threads t ON t.tid = x.tid AND t.pid = x.pid
LEFT JOIN holdup.call_sites s ON s.stack_id = x.stack_id;

-- Requests of the targets that were answered: from the first byte sent to the first byte of the reply that was read; of those that were
-- under way as the window opened from then on (`is_cut`). `in_flight`: how many were under way at that peer as this one began, itself
-- included. `is_shared`: several threads sent before the reply came.
CREATE OR REPLACE VIEW holdup.exchanges AS
WITH moved AS (
  SELECT c.*, r.resource AS peer, c.end_ns - c.inside_ns - c.between_ns AS start_ns,
         w.number AS part,
         call IN ('write', 'pwrite64', 'writev', 'pwritev', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile') AS is_sent
  FROM holdup.calls c
  JOIN holdup.resource_names r ON r.resource_id = c.resource_id
  -- What was asked before a pause and answered after it is not known to belong together.
  JOIN holdup.parts w ON c.end_ns >= w.from_ns AND c.end_ns < w.to_ns
  WHERE r.is_peer AND c.ret > 0
    AND call IN ('write', 'pwrite64', 'writev', 'pwritev', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile',
                 'read', 'pread64', 'readv', 'preadv', 'recvfrom', 'recvmsg', 'recvmmsg')),
turned AS (
  SELECT *, is_sent AND lag(is_sent, 1, false) OVER socket = false AS begins FROM moved
  WINDOW socket AS (PARTITION BY resource_id, part ORDER BY end_ns, seq)),
numbered AS (
  SELECT *, sum(begins::INT) OVER (PARTITION BY resource_id, part ORDER BY end_ns, seq ROWS UNBOUNDED PRECEDING) AS number FROM turned),
pairs AS (
  SELECT resource_id, any_value(peer) AS peer, part, number,
         coalesce(arg_min(tid, end_ns) FILTER (is_sent), arg_min(tid, end_ns)) AS tid,
         coalesce(arg_min(pid, end_ns) FILTER (is_sent), arg_min(pid, end_ns)) AS pid,
         min(start_ns) FILTER (is_sent) AS sent_ns, min(end_ns) FILTER (NOT is_sent) AS replied_ns,
         coalesce(max(verb) FILTER (is_sent), '') AS verb,
         coalesce(arg_min(statement_id, end_ns) FILTER (is_sent AND statement_id > 0), 0) AS statement_id,
         coalesce(arg_min(status, end_ns) FILTER (NOT is_sent), 0) AS status,
         coalesce(sum(ret) FILTER (is_sent), 0) AS bytes_sent, coalesce(sum(ret) FILTER (NOT is_sent), 0) AS bytes_read,
         count(DISTINCT tid) FILTER (is_sent) > 1 AS is_shared
  FROM numbered GROUP BY resource_id, part, number),
answered AS (
  SELECT pairs.*, sent_ns IS NULL OR sent_ns < opened_ns AS is_cut, greatest(coalesce(sent_ns, opened_ns), opened_ns) AS start_ns,
         least(replied_ns, closed_ns) AS end_ns
  FROM pairs CROSS JOIN holdup.trace WHERE replied_ns > opened_ns),
moments AS (
  SELECT peer, start_ns AS at_ns, 1 AS change FROM answered UNION ALL SELECT peer, end_ns, -1 FROM answered),
counts AS (
  SELECT peer, at_ns, change, sum(change) OVER (PARTITION BY peer ORDER BY at_ns, change ROWS UNBOUNDED PRECEDING) AS under_way FROM moments)
SELECT a.peer, a.resource_id, a.tid, a.pid, t.thread, t.program, a.start_ns, a.end_ns, a.end_ns - a.start_ns AS response_ns,
       c.under_way AS in_flight, a.verb, a.statement_id, st.text AS statement, a.status, a.bytes_sent, a.bytes_read, a.is_shared, a.is_cut
FROM answered a
JOIN holdup.threads t ON t.tid = a.tid AND t.pid = a.pid AND t.role = 'target'
LEFT JOIN (SELECT peer, at_ns, max(under_way) AS under_way FROM counts WHERE change = 1 GROUP BY peer, at_ns) c
       ON c.peer = a.peer AND c.at_ns = a.start_ns
LEFT JOIN (SELECT statement_id, any_value(text) AS text FROM holdup.statements GROUP BY statement_id) st ON st.statement_id = a.statement_id;

-- Syncs, of files and of all, one a row.
CREATE OR REPLACE VIEW holdup.syncs AS
SELECT c.tid, c.pid, t.thread, t.program, c.call, coalesce(nullif(r.path, ''), r.resource, c.call) AS file, r.device, r.inode,
       greatest(c.end_ns - c.inside_ns - c.between_ns, opened_ns) AS start_ns, least(c.end_ns, closed_ns) AS end_ns, c.inside_ns, c.count, c.ret
FROM holdup.calls c
CROSS JOIN holdup.trace
JOIN holdup.threads t ON t.tid = c.tid AND t.pid = c.pid AND t.role = 'target'
LEFT JOIN holdup.resource_names r ON r.resource_id = c.resource_id
WHERE c.call IN ('fsync', 'fdatasync', 'sync_file_range', 'msync', 'sync', 'syncfs') AND c.end_ns > opened_ns;
