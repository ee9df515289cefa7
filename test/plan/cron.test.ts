import { cronFault, timezoneFault } from '../../src/plan/cron';
import { marks, planOf, setStep, simulated } from './plans';
import { validatePlan } from '../../src/plan/validate';

test.each([
  '* * * * *',
  '*/15 0-6,22 1 1-12/2 7',
  '0 7 * * 1-5',
  ' 5  4 * * 0 ',
  '0 0 29 2 *',
  '0 0 31 */2 *',
  '0 0 31,30 4 *',
])('reads %s', (text) => {
  expect(cronFault(text)).toBeNull();
});

test.each([
  ['* * * *', '4 fields'],
  ['60 * * * *', 'no minute'],
  ['* 24 * * *', 'no hour'],
  ['* * 0 * *', 'no day of the month'],
  ['* * * 5-3 *', 'no month'],
  ['* * * * MON', 'no day of the week'],
  ['*/0 * * * *', 'no minute'],
  ['@daily', '1 fields'],
  ['0 0 30 2 *', 'never comes'],
  ['0 0 31 2-4/2,11 *', 'never comes'],
])('refuses %s and says which part', (text, part) => {
  expect(cronFault(text)).toContain(part);
});

test('knows the time zones of the IANA list', () => {
  expect([timezoneFault('Europe/Berlin'), timezoneFault('UTC')]).toEqual([null, null]);
  expect(timezoneFault('Mars/Olympus')).toContain('no time zone');
});

test('a plan with a clock that can not be read is not valid', async () => {
  const triggers = [
    { schedule: '* * *' },
    { schedule: '* * * * *', timezone: 'Mars', input: '{{ no.name }}' },
  ];
  expect(marks(await validatePlan(planOf(setStep(1), { triggers }), simulated))).toEqual([
    '/triggers/0/schedule validation_failed',
    '/triggers/1/timezone validation_failed',
  ]);
});
