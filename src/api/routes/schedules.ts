import { ulid } from 'ulid';
import { z } from 'zod';
import { NewSchedule, Schedule, ScheduleChange, ScheduleList } from '../../contract/schedules-api';
import type { Json } from '../../contract/value';
import { lastSlots } from '../../ledger/schedule-slots';
import {
  changeSchedule,
  listSchedules,
  putSchedule,
  readSchedule,
  removeSchedules,
  type ScheduleRow,
  type ScheduleSetting,
} from '../../ledger/schedules';
import { cronFault, timezoneFault } from '../../plan/cron';
import { answerOnce } from '../idempotency';
import { cursorOf, pageOf, pageQuery, readCursor } from '../page';
import { principalOf } from '../plugins/authentication';
import { invalidInput, notFound, ProblemError } from '../problem';
import { checkStart } from '../runs/start-run';
import { nextTimeOf } from '../schedules/tell-temporal';
import type { App, Service } from '../service';

/** Times at which plans are run. */
export function scheduleRoutes(app: App, service: Service): void {
  listing(app, service);
  making(app, service);
  changing(app, service);
}

const one = z.strictObject({ id: z.string() });

function listing(app: App, service: Service): void {
  app.get(
    '/v1/schedules',
    {
      config: { scopes: ['runs:read', 'runs:write'] },
      schema: {
        summary: 'List schedules',
        querystring: z.strictObject(pageQuery),
        response: { 200: ScheduleList },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const { tenant } = principalOf(request);
      const after = readCursor(cursor, 1)?.[0] ?? null;
      const rows = await listSchedules(service.database, tenant, { after, limit: limit + 1 });
      const views = new Map((await viewsOf(service, rows)).map((view) => [view.id, view]));
      return pageOf(rows, limit, {
        view: ({ id }) => views.get(id) ?? missing(id),
        cursor: ({ id }) => cursorOf(id),
      });
    },
  );
}

function making(app: App, service: Service): void {
  app.post(
    '/v1/schedules',
    {
      config: { scopes: ['runs:write'] },
      schema: { summary: 'Run a stored plan by the clock', body: NewSchedule, response: { 201: Schedule } },
    },
    async (request, reply) => {
      await answerOnce(service, { request, reply }, async () => {
        const { tenant, user } = principalOf(request);
        await checkSetting(service, tenant, request.body);
        const id = ulid();
        await putSchedule(service.database, {
          ...request.body,
          ...{ tenant, id, origin: 'api', startedBy: user },
        });
        return { status: 201, body: await viewOf(service, await existing(service, tenant, id)) };
      });
      return reply;
    },
  );
}

function changing(app: App, service: Service): void {
  const { database } = service;
  app.patch(
    '/v1/schedules/:id',
    {
      config: { scopes: ['runs:write'] },
      schema: {
        summary: 'Change, pause or resume a schedule',
        params: one,
        body: ScheduleChange,
        response: { 200: Schedule },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const row = await existing(service, tenant, request.params.id);
      const given = Object.entries(request.body).filter(([, value]) => value !== undefined);
      if (row.origin === 'plan' && given.some(([name]) => name !== 'paused')) throw ofPlan(row);
      const to: ScheduleSetting = { ...row, ...Object.fromEntries(given) };
      if (row.origin === 'api') await checkSetting(service, tenant, to);
      await changeSchedule(database, row, to);
      return viewOf(service, await existing(service, tenant, row.id));
    },
  );

  app.delete(
    '/v1/schedules/:id',
    {
      config: { scopes: ['runs:write'] },
      schema: {
        summary: 'Remove a schedule',
        description: 'Runs that it has started go on.',
        params: one,
        response: { 200: Schedule },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const row = await existing(service, tenant, request.params.id);
      if (row.origin === 'plan') throw ofPlan(row);
      const view = await viewOf(service, row);
      await removeSchedules(database, tenant, [row.id]);
      return { ...view, nextAt: null };
    },
  );
}

async function existing({ database }: Service, tenant: string, id: string): Promise<ScheduleRow> {
  const row = await readSchedule(database, tenant, id);
  if (row === null) throw notFound(`schedule ${id}`);
  return row;
}

function ofPlan({ id, plan }: ScheduleRow): ProblemError {
  return new ProblemError(
    'schedule_of_plan',
    `${id} is a trigger of the plan ${plan}: it can be paused here, and changed by a new version of the plan.`,
  );
}

/** Whether such a run could be started now, and the clock can be read. */
async function checkSetting(service: Service, tenant: string, setting: ScheduleSetting): Promise<void> {
  const { plan, input, cron, timezone } = setting;
  const faults = { '/cron': cronFault(cron), '/timezone': timezoneFault(timezone) };
  const errors = Object.entries(faults).flatMap(([path, message]) =>
    message === null ? [] : [{ path, code: 'validation_failed', message }],
  );
  if (errors.length > 0) throw invalidInput('The schedule can not be read.', errors);
  await checkStart(service, tenant, { plan, input });
}

async function viewOf(service: Service, row: ScheduleRow): Promise<Schedule> {
  const [view] = await viewsOf(service, [row]);
  return view ?? missing(row.id);
}

function missing(id: string): never {
  throw new Error(`There is no view of the schedule ${id}.`);
}

async function viewsOf(service: Service, rows: ScheduleRow[]): Promise<Schedule[]> {
  const [first] = rows;
  if (first === undefined) return [];
  const ids = rows.map(({ id }) => id);
  const last = await lastSlots(service.database, first.tenant, ids);
  return Promise.all(
    rows.map(async (row): Promise<Schedule> => {
      const { id, plan, cron, timezone, overlap, paused, origin } = row;
      const slot = last.get(id);
      const next = await nextTimeOf(service, row);
      return {
        ...{ id, plan, input: row.input satisfies Json, cron, timezone, overlap, paused, from: origin },
        nextAt: next?.toISOString() ?? null,
        last: slot === undefined ? null : { ...slot, at: slot.at.toISOString() },
      };
    }),
  );
}
