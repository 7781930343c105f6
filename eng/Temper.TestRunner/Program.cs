using Temper.TestRunner;

if (args is ["--help" or "-h"])
{
    Console.WriteLine(TestOptions.Usage);
    return 0;
}

TestOptions options;
try
{
    options = TestOptions.Parse(args);
}
catch (ArgumentException error)
{
    Console.Error.WriteLine($"test: {error.Message}");
    return 2;
}

return new TestRun(options).Run();
