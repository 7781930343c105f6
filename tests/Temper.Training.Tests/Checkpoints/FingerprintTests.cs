using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Temper.Compression.DeepHoyer;
using Temper.Compression.Distillation;
using Temper.Data.Augmentation;
using Temper.Formats;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Checkpoints;

/// <summary>
/// Checks that every property of every option changes the fingerprint of a run, unless it is declared not to affect the
/// result.
/// </summary>
public sealed class FingerprintTests : IDisposable
{
    /// <summary>
    /// Valid instances of all options. A new kind needs a row; <see cref="Every_kind_of_option_has_a_row"/> finds
    /// missing ones.
    /// </summary>
    private static readonly object[] Rows =
    [
        new Adadelta(), new Adam(), new AdamW(), new RmsProp(), new Sgd { Momentum = 0.5f },
        new ConstantSchedule(), new CosineSchedule(), new MultiStepSchedule { Milestones = [2] }, new OneCycleSchedule(), new StepSchedule(), new WarmUpSchedule(),
        new Hoyer { Strength = 0.1f }, new HoyerSquare { Strength = 0.1f }, new L1 { Strength = 0.1f }, new TransformedL1 { Strength = 0.1f },
        new RandomCrop(2), new HorizontalFlip(), new Cutout(2), new Data.Augmentation.Normalize([0.5f], [0.25f]),
        new CrossEntropyLoss(), new MeanSquaredErrorLoss(), new BinaryCrossEntropyLoss(), new SupervisedObjective(new CrossEntropyLoss()),
        new DistillationObjective(SmallRun.Network, new CrossEntropyLoss()),
        new ParameterGroup(), new GradientClipping { MaxNorm = 1, MaxValue = 1 }, new WeightAverage(), new EarlyStopping(),
    ];

    /// <summary>
    /// Options that are not part of the fingerprint: ranks, checkpoint folder, callbacks and timeline.
    /// </summary>
    private static readonly string[] NotDecisive = [nameof(TrainingOptions.Ranks), nameof(TrainingOptions.CheckpointFolder), nameof(TrainingOptions.Callbacks), nameof(TrainingOptions.Timeline)];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<int, string> Properties
    {
        get
        {
            var rows = new TheoryData<int, string>();
            foreach ((int i, object row) in Rows.Index())
            {
                foreach (PropertyInfo property in Settable(row.GetType()))
                {
                    rows.Add(i, property.Name);
                }
            }

            return rows;
        }
    }

    public static TheoryData<string> RunProperties =>
        [.. Settable(typeof(TrainingOptions)).Select(property => property.Name).Except(NotDecisive, StringComparer.Ordinal)];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_kind_of_option_has_a_row()
    {
        Type[] families = [typeof(IFingerprinted), typeof(Optimizer), typeof(LearningRateSchedule)];
        Assembly[] assemblies = [typeof(Network).Assembly, typeof(SampleTransform).Assembly, typeof(Trainer).Assembly, typeof(HoyerSquare).Assembly];
        Assert.Empty(assemblies.SelectMany(assembly => assembly.GetTypes())
            .Where(type => type is { IsAbstract: false, IsInterface: false } && families.Any(family => family.IsAssignableFrom(type)))
            .Except(Rows.Select(row => row.GetType())));
    }

    [Theory]
    [MemberData(nameof(Properties))]
    public void A_property_that_changes_changes_the_fingerprint(int row, string name)
    {
        object option = Rows[row], changed = Changed(option, name);
        Assert.NotEqual(Of(option), Of(changed));
        Assert.Equal(Of(option), Of(Rows[row]));
    }

    [Theory]
    [MemberData(nameof(RunProperties))]
    public void An_option_of_a_run_that_changes_is_refused_with_its_name(string name)
    {
        TrainingOptions options = SmallRun.Options with { Epochs = 1, CheckpointFolder = _folder["run"], Edits = [new Watched()] };
        SmallRun.Fit(options);
        object? other = name switch
        {
            nameof(TrainingOptions.Seed) => 99UL,
            nameof(TrainingOptions.Epochs) => 2,
            nameof(TrainingOptions.BatchSize) => 10,
            nameof(TrainingOptions.Accumulation) => 2,
            nameof(TrainingOptions.Optimizer) => new Adam { LearningRate = 2e-3f, Beta2 = 0.99f },
            nameof(TrainingOptions.Schedule) => new CosineSchedule { Floor = 0.02 },
            nameof(TrainingOptions.Loss) => new CrossEntropyLoss { LabelSmoothing = 0.1f },
            nameof(TrainingOptions.Objective) => new SupervisedObjective(new CrossEntropyLoss { LabelSmoothing = 0.1f }),
            nameof(TrainingOptions.Regularizers) => new IRegularizer[] { new L1 { Strength = 1e-4f } },
            nameof(TrainingOptions.Groups) => new[] { ParameterGroup.NoDecayOnBiasAndNorm },
            nameof(TrainingOptions.Clipping) => new GradientClipping { MaxNorm = 1 },
            nameof(TrainingOptions.Average) => new WeightAverage(),
            nameof(TrainingOptions.EarlyStopping) => new EarlyStopping(),
            nameof(TrainingOptions.Transforms) => new SampleTransform[] { new RandomCrop(1), new HorizontalFlip() },
            nameof(TrainingOptions.Edits) => new IEpochEdit[] { new Watched { Every = 3 } },
            _ => throw new NotSupportedException($"{name} is new: add a row, or say that it does not decide"),
        };
        TrainingOptions changed = (TrainingOptions)With(options, name, other);
        var error = Assert.Throws<ModelFormatException>(() => SmallRun.Resume(changed));
        Assert.Contains($"{char.ToLowerInvariant(name[0])}{name[1..]}", error.Message, StringComparison.Ordinal);
        Assert.True(SmallRun.Resume(options).IsComplete);
    }

    [Fact]
    public void All_that_differs_is_named_at_once_with_both_values()
    {
        TrainingOptions options = SmallRun.Options with { Epochs = 1, CheckpointFolder = _folder["run"] };
        SmallRun.Fit(options);
        var error = Assert.Throws<ModelFormatException>(() => SmallRun.Resume(options with { BatchSize = 10, Optimizer = new Adam { LearningRate = 0.5f } }));
        Assert.Contains("batchSize (got 10, expected 20)", error.Message, StringComparison.Ordinal);
        Assert.Contains("optimizer.learningRate (got 0.5, expected 0.002)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_may_go_on_for_more_epochs_where_the_schedule_does_not_depend_on_them()
    {
        TrainingOptions options = SmallRun.Options with { Epochs = 1, CheckpointFolder = _folder["run"], Schedule = new StepSchedule() };
        SmallRun.Fit(options);
        TrainingResult longer = SmallRun.Resume(options with { Epochs = 2 });
        Assert.Equal(SmallRun.BytesOf(SmallRun.Fit(options with { Epochs = 2, CheckpointFolder = null })), SmallRun.BytesOf(longer));
    }

    private static IEnumerable<PropertyInfo> Settable(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.SetMethod is { IsPublic: true } && property.GetCustomAttribute<JsonIgnoreAttribute>() is null);

    private static string Of(object option) => option switch
    {
        IFingerprinted own => own.Fingerprint().ToJsonString(),
        Optimizer optimizer => OptionsJson.Of(optimizer)!.ToJsonString(),
        LearningRateSchedule schedule => OptionsJson.Of(schedule)!.ToJsonString(),
        ParameterGroup group => OptionsJson.Of([group])!.ToJsonString(),
        GradientClipping clipping => OptionsJson.Of(clipping)!.ToJsonString(),
        WeightAverage average => OptionsJson.Of(average)!.ToJsonString(),
        EarlyStopping stopping => (SmallRun.Options with { EarlyStopping = stopping }).Fingerprint().ToJsonString(),
        _ => throw new NotSupportedException($"{option.GetType().Name} has no fingerprint"),
    };

    private static object Changed(object option, string name)
    {
        object? value = option.GetType().GetProperty(name)!.GetValue(option);
        Type type = option.GetType().GetProperty(name)!.PropertyType;
        object changed = (Nullable.GetUnderlyingType(type) ?? type) switch
        {
            var t when t == typeof(float) => ((float?)value ?? 0) + 0.25f,
            var t when t == typeof(double) => ((double?)value ?? 0) + 0.25,
            var t when t == typeof(int) => (int)value! + 1,
            var t when t == typeof(bool) => !(bool)value!,
            var t when t == typeof(string) => value + "x",
            var t when t == typeof(IReadOnlyList<double>) => new[] { 3.5 },
            var t when t == typeof(IReadOnlyList<float>) => new[] { 3.5f },
            var t when t == typeof(IReadOnlyList<ParameterRole>) => new[] { ParameterRole.Bias },
            var t when t == typeof(LearningRateSchedule) => new CosineSchedule(),
            var t when t == typeof(Grouping) => Grouping.FourOutputs,
            var t when t == typeof(Network) => SmallRun.Network.Initialize(RandomStream.FromSeed(99)),
            var t when t == typeof(TrainingLoss) => new MeanSquaredErrorLoss(),
            var t => throw new NotSupportedException($"{option.GetType().Name}.{name}: say how a {t.Name} changes"),
        };
        return With(option, name, changed);
    }

    /// <summary>Equivalent to <c>option with { name = value }</c>.</summary>
    private static object With(object option, string name, object? value)
    {
        object copy = option.GetType().GetMethod("<Clone>$")!.Invoke(option, null)!;
        option.GetType().GetProperty(name)!.SetValue(copy, value);
        return copy;
    }

    /// <summary>An edit that does nothing.</summary>
    private sealed record Watched : IEpochEdit
    {
        public int Every { get; init; } = 2;

        public string Name => "watched";

        public void AfterEpoch(Learner learner, EpochResult epoch)
        {
        }

        public JsonNode? Save() => null;

        public void Restore(JsonNode? state)
        {
        }

        public JsonNode Fingerprint() => new JsonObject { ["every"] = Every };
    }
}
