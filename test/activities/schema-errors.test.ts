import { schemaErrors } from '../../src/activities/schema-errors';

const schema = {
  type: 'object',
  required: ['topic'],
  additionalProperties: false,
  properties: { topic: true, count: { type: 'integer' } },
};

test('names the place of each fault, and none where it is the whole', async () => {
  expect(await schemaErrors(schema, { count: 1.5, size: 2 })).toBe(
    "must have required property 'topic'\n/size is not a property here\n/count must be integer",
  );
  expect(await schemaErrors(schema, [])).toBe('must be object');
});

test('finds nothing in what fits', async () => {
  expect(await schemaErrors(schema, { topic: 'heat pumps' })).toBeNull();
});
