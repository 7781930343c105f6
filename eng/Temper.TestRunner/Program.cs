using Temper.TestRunner;

return args switch
{
    [] => TestRun.All(fuzzInputs: null),
    ["--fuzz"] => TestRun.All(fuzzInputs: 100_000),
    _ => TestRun.Refuse(args),
};
