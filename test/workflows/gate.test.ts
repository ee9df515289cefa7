import { createGate } from '../../src/workflows/gate';

function deferred() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

test('closes when it is time and stays closed, and is idle once what began before has ended', async () => {
  let time = false;
  const gate = createGate({ restoring: false, isTime: () => time });
  const work = deferred();
  const working = gate.busy(() => work.promise);
  expect(gate.isOpen()).toBe(true);
  time = true;
  expect(gate.isOpen()).toBe(false);
  time = false;
  expect(gate.isOpen()).toBe(false);
  expect(gate.isIdle()).toBe(false);
  work.resolve();
  await working;
  expect(gate.isIdle()).toBe(true);
  expect(gate.settled()).toBe(1);
});

test('counts work that fails as ended', async () => {
  const gate = createGate({ restoring: false, isTime: () => true });
  expect(gate.isIdle()).toBe(true);
  await expect(gate.busy(() => Promise.reject(new Error('it broke')))).rejects.toThrow('it broke');
  expect(gate.isIdle()).toBe(true);
});

test('is closed and never idle while a run finds its place', () => {
  const gate = createGate({ restoring: true, isTime: () => true });
  expect(gate.isOpen()).toBe(false);
  expect(gate.isIdle()).toBe(false);
  gate.open();
  expect(gate.isOpen()).toBe(false);
  expect(gate.isIdle()).toBe(true);
});

test('opened for good it closes no more', () => {
  const gate = createGate({ restoring: false, isTime: () => true });
  expect(gate.isOpen()).toBe(false);
  gate.openForGood();
  expect(gate.isOpen()).toBe(true);
  expect(gate.isIdle()).toBe(false);
});
