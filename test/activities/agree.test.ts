import { agree } from '../../src/activities/agree';

test.each([
  [['No risk.', '  no RISK.\n'], true],
  [['straße', 'STRASSE'], true],
  [['café', 'cafe\u0301'], true],
  [['No risk.', 'No  risk.'], false],
  [
    [
      { risk: 'Low', of: [1] },
      { of: [1], risk: 'low ' },
    ],
    true,
  ],
  [[{ risk: 'low' }, { risk: 'high' }], false],
  [[1, '1'], false],
])('%j agree: %s', (values, expected) => {
  expect(agree(values)).toBe(expected);
});
