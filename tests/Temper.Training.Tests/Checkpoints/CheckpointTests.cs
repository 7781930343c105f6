using Temper.Formats;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Runs;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private static readonly TrainingOptions Options = SmallRun.Options with { Epochs = 1, Schedule = new ConstantSchedule(), Average = new WeightAverage() };

    private readonly TemporaryFolder _folder = new();

    private TrainingOptions Here => Options with { CheckpointFolder = _folder["checkpoints"] };

    private string OnlyCheckpoint => Assert.Single(Directory.GetFileSystemEntries(Here.CheckpointFolder!));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_holds_one_whole_checkpoint_and_nothing_else()
    {
        SmallRun.Fit(Here with { Epochs = 3 });
        Assert.Equal("step-0000000060", Path.GetFileName(OnlyCheckpoint));
        string[] files = [.. Directory.GetFiles(OnlyCheckpoint).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        Assert.Equal(["best.safetensors", "model.safetensors", "optimizer.safetensors", "state.json"], files);
    }

    [Fact]
    public void LoadNewest_gives_back_all_that_was_saved()
    {
        TrainingResult run = SmallRun.Fit(Here with { Optimizer = new RmsProp { Momentum = 0.5f, Centered = true } });
        LearnerOptions options = (Here with { Optimizer = new RmsProp { Momentum = 0.5f, Centered = true } }).ForLearner();
        using Learner learner = Learner.Load(Here.CheckpointFolder!, options, identity: null, out MethodState method);
        TrainingProgress progress = TrainingProgress.Read(method.Json, Here.CheckpointFolder!);
        Assert.Equal(1, progress.Epoch);
        Assert.Equal(20, learner.Steps);
        Assert.Equal(run.History, progress.History);
        Assert.Equal(SmallRun.BytesOf(run.Last), SmallRun.BytesOf(learner.AverageSnapshot()));
        Assert.All(learner.Trained.All, trained => Assert.Equal(20, trained.State.Steps));
        Assert.Equal(["square_avg", "grad_avg", "momentum_buffer"], learner.Trained.All[0].State.Slots.Select(s => s.Name));
        Assert.Contains(learner.Trained.All[0].State.Slots[2].Values, v => v != 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(30_000)]
    [InlineData(60_000)]
    public void Save_on_a_full_disk_says_so_and_leaves_the_checkpoint_before(int room)
    {
        SmallRun.Fit(Here);
        string before = OnlyCheckpoint;
        byte[] bytes = File.ReadAllBytes(Path.Combine(before, "model.safetensors"));
        using Learner learner = Learner.Load(Here.CheckpointFolder!, Here.ForLearner());
        using (Gradients gradients = learner.Gradients((network, pass) => network.Forward(SmallRun.Train.Read(0, 4).Inputs, pass).Mean()))
        {
            learner.Apply(gradients);
        }

        int left = room;
        IOException error = Assert.Throws<IOException>(
            () => learner.Save(Here.CheckpointFolder!, new Dictionary<string, string>(StringComparer.Ordinal), MethodState.Empty, path => new FullDisk(File.Create(path), () => left, n => left -= n)));
        Assert.Contains("step 21", error.Message, StringComparison.Ordinal);
        Assert.Contains("No space left", error.Message, StringComparison.Ordinal);
        Assert.Contains("free disk space", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, OnlyCheckpoint);
        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(before, "model.safetensors")));
        Assert.True(SmallRun.Resume(Here).IsComplete);
    }

    [Fact]
    public void Fit_that_cannot_write_its_second_checkpoint_fails_with_the_first_intact()
    {
        TrainingOptions options = Here with { Epochs = 2 };
        byte[] uninterrupted = SmallRun.BytesOf(SmallRun.Fit(options with { CheckpointFolder = null }));

        // A file occupies the path of the second checkpoint's folder.
        string inTheWay = Path.Combine(Directory.CreateDirectory(options.CheckpointFolder!).FullName, "step-0000000040.tmp");
        File.WriteAllText(inTheWay, "");
        IOException error = Assert.Throws<IOException>(() => SmallRun.Fit(options));
        Assert.Contains("step 40", error.Message, StringComparison.Ordinal);
        File.Delete(inTheWay);

        Assert.Equal("step-0000000020", Path.GetFileName(OnlyCheckpoint));
        Assert.Equal(uninterrupted, SmallRun.BytesOf(SmallRun.Resume(options)));
    }

    [Fact]
    public void What_a_kill_left_of_an_unfinished_checkpoint_is_not_read_and_goes_with_the_next()
    {
        TrainingOptions options = Here with { Epochs = 2 };
        SmallRun.Fit(Here);
        string left = Path.Combine(options.CheckpointFolder!, "step-0000000033.tmp");
        Directory.CreateDirectory(left);
        File.WriteAllText(Path.Combine(left, "model.safetensors"), "half");
        Assert.Equal(40, SmallRun.Resume(options).Steps);
        Assert.Equal("step-0000000040", Path.GetFileName(OnlyCheckpoint));
    }

    /// <summary>Each would remove the checkpoints of the other.</summary>
    [Fact]
    public void A_folder_in_use_is_refused()
    {
        List<Exception?> errors = [];
        var second = new EachEpoch(() =>
        {
            errors.Add(Record.Exception(() => SmallRun.Fit(Here)));
            errors.Add(Trainer.CanResume(Here.CheckpointFolder!) ? Record.Exception(() => SmallRun.Resume(Here)) : null);
        });
        Assert.True(SmallRun.Fit(Here with { Epochs = 2, Callbacks = [second] }).IsComplete);
        foreach (Exception? error in (Exception?[])[errors[0], errors[2], errors[3]])
        {
            Assert.Contains("in use by another training", Assert.IsType<IOException>(error).Message, StringComparison.Ordinal);
        }

        Assert.Null(errors[1]);
        Assert.Equal("step-0000000040", Path.GetFileName(OnlyCheckpoint));

        // A killed process leaves the file behind.
        string file = Here.CheckpointFolder! + ".lock";
        Assert.False(File.Exists(file));
        File.WriteAllText(file, "");
        Assert.Equal(60, SmallRun.Resume(Here with { Epochs = 3 }).Steps);
        Assert.False(File.Exists(file));
    }

    /// <summary>As for a volume in a container: only the folder itself can be written.</summary>
    [Fact]
    public void A_folder_in_use_is_refused_where_no_file_can_be_created_beside_it()
    {
        Directory.CreateDirectory(Here.CheckpointFolder!);
        Directory.CreateDirectory(Here.CheckpointFolder! + ".lock");                 // in the place of the file
        Exception? error = null;
        var second = new EachEpoch(() => error = Record.Exception(() => SmallRun.Fit(Here)));
        Assert.True(SmallRun.Fit(Here with { Callbacks = [second] }).IsComplete);
        Assert.Contains("in use by another training", Assert.IsType<IOException>(error).Message, StringComparison.Ordinal);
        Assert.Equal("step-0000000020", Path.GetFileName(OnlyCheckpoint));
    }

    /// <summary>
    /// What a killed process left in a folder that is then mounted read-only is not taken for another training.
    /// </summary>
    [Fact]
    public void A_file_of_a_reservation_is_held_only_while_the_reservation_lasts()
    {
        string file = Here.CheckpointFolder! + ".lock";
        Assert.False(FolderLock.IsHeld(file));
        using (FolderLock.Take(file))
        {
            Assert.True(FolderLock.IsHeld(file));
        }

        File.WriteAllText(file, "");
        Assert.False(FolderLock.IsHeld(file));
    }

    public static TheoryData<string, string> Damages
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (string file in (string[])["best.safetensors", "model.safetensors", "optimizer.safetensors", "state.json"])
            {
                foreach (string damage in (string[])["missing", "empty", "truncated", "one bit"])
                {
                    rows.Add(file, damage);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void Resume_from_a_damaged_checkpoint_names_the_file(string file, string damage)
    {
        SmallRun.Fit(Here);
        string path = Path.Combine(OnlyCheckpoint, file);
        byte[] bytes = File.ReadAllBytes(path);
        switch (damage)
        {
            case "missing":
                File.Delete(path);
                break;
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "truncated":
                File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
                break;
            default:
                bytes[file.EndsWith(".json", StringComparison.Ordinal) ? 0 : bytes.Length - 5] ^= 4;
                File.WriteAllBytes(path, bytes);
                break;
        }

        ModelFormatException error = Assert.Throws<ModelFormatException>(() => SmallRun.Resume(Here));
        Assert.Equal(path, error.File);
        Assert.Contains("checkpoint: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("at byte", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"version\": 2", "\"version\": 3", "another version")]
    [InlineData("\"version\": 2", "\"version\": \"x\"", "damaged")]
    [InlineData("\"epoch\": 1,", "\"epoch\": 7,", "contradict")]
    [InlineData("\"bestEpoch\": 0", "\"bestEpoch\": 3", "contradict")]
    [InlineData("\"batch\": 0", "\"batch\": -1", "contradict")]
    [InlineData("\"optimizerSteps\"", "\"other\"", "damaged")]
    [InlineData("\"best.safetensors\"", "\"../best.safetensors\"", "contradict")]
    public void Resume_from_a_state_that_was_changed_is_refused(string text, string other, string expected)
    {
        SmallRun.Fit(Here);
        string path = Path.Combine(OnlyCheckpoint, "state.json");
        string state = File.ReadAllText(path);
        Assert.Contains(text, state, StringComparison.Ordinal);
        File.WriteAllText(path, state.Replace(text, other, StringComparison.Ordinal));
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => SmallRun.Resume(Here));
        Assert.Equal(path, error.File);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("at byte", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_with_fewer_epochs_than_there_are_is_refused()
    {
        SmallRun.Fit(Here with { Epochs = 2 });
        Assert.Contains("expected 2 or more", Assert.Throws<ArgumentException>(() => SmallRun.Resume(Here with { Epochs = 1 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_that_would_end_within_an_epoch_is_refused()
    {
        TrainingOptions options = Here with { Epochs = 2 };
        using var stop = new CancellationTokenSource();
        Assert.Equal(25, SmallRun.Fit(options with { Callbacks = [new StopAfter(25, stop)] }, stop.Token).Steps);
        Assert.Contains("expected 2 or more", Assert.Throws<ArgumentException>(() => SmallRun.Resume(options with { Epochs = 1 })).Message, StringComparison.Ordinal);
        Assert.Equal(40, SmallRun.Resume(options).Steps);
    }

    [Fact]
    public void Resume_with_other_options_data_or_network_is_refused()
    {
        SmallRun.Fit(Here);
        Refused("seed", () => SmallRun.Resume(Here with { Seed = 9 }));
        Refused("batchSize", () => SmallRun.Resume(Here with { BatchSize = 10 }));
        Refused("accumulation", () => SmallRun.Resume(Here with { Accumulation = 2 }));
        Refused("optimizer.type", () => SmallRun.Resume(Here with { Optimizer = new AdamW() }));
        Refused("training samples", () => Trainer.Resume(SmallRun.Network, SmallRun.Train.Take(300), SmallRun.Validation, Here));
        Refused("training data", () => Trainer.Resume(SmallRun.Network, SmallRun.Train.Subset([.. Enumerable.Range(0, SmallRun.Train.Count).Reverse()]), SmallRun.Validation, Here));
        Refused("validation data", () => Trainer.Resume(SmallRun.Network, SmallRun.Train, SmallRun.Train.Take(SmallRun.Validation.Count), Here));
        Refused("network", () => Trainer.Resume(Other(x => x.Flatten().Linear(4)), SmallRun.Train, SmallRun.Validation, Here));
        Refused("network", () => Trainer.Resume(
            Other(x => x.Conv2d(16, 3).BatchNorm().Relu().Conv2d(24, 3).BatchNorm().Relu().Flatten().Linear(33).Linear(4)), SmallRun.Train, SmallRun.Validation, Here));

        static Network Other(Func<Value, Value> body) => Network.Build(SmallRun.Network.Inputs[0], body).Initialize(RandomStream.FromSeed(1));

        static void Refused(string what, Action resume)
        {
            string message = Assert.Throws<ModelFormatException>(resume).Message;
            Assert.Contains($"{what} (got ", message, StringComparison.Ordinal);
            Assert.DoesNotContain("at byte", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Resume_without_a_checkpoint_says_so()
    {
        Assert.False(Trainer.CanResume(_folder["nothing"]));
        Assert.Throws<FileNotFoundException>(() => SmallRun.Resume(Options with { CheckpointFolder = _folder["nothing"] }));
        Assert.Throws<ArgumentException>(() => SmallRun.Resume(Options with { CheckpointFolder = null }));
    }

    [Fact]
    public void Masks_are_part_of_a_checkpoint()
    {
        Parameter weight = SmallRun.Network.Parameters.First(p => p.Role == ParameterRole.LinearWeight);
        float[] mask = [.. Enumerable.Range(0, weight.Value.Count).Select(i => (float)(i % 2))];
        Network masked = SmallRun.Network.WithMask(weight.Name, Tensor.From(mask, weight.Value.Shape));
        TrainingOptions options = Here with { Epochs = 2 };
        byte[] whole = SmallRun.BytesOf(Trainer.Fit(masked, SmallRun.Train, SmallRun.Validation, options with { CheckpointFolder = null }));
        Trainer.Fit(masked, SmallRun.Train, SmallRun.Validation, Here);

        // The masks come from the checkpoint, so the network that supplies the graph needs none.
        TrainingResult resumed = Trainer.Resume(SmallRun.Network, SmallRun.Train, SmallRun.Validation, options);
        Assert.Equal(whole, SmallRun.BytesOf(resumed));
    }

    private sealed class EachEpoch(Action work) : ITrainingCallback
    {
        public void OnStep(StepProgress progress)
        {
        }

        public void OnEpoch(EpochResult epoch) => work();
    }

    /// <summary>A file on a disk with limited free space.</summary>
    private sealed class FullDisk(FileStream file, Func<int> left, Action<int> take) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => file.Length;

        public override long Position { get => file.Position; set => file.Position = value; }

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (left() < count)
            {
                throw new IOException("No space left on device");
            }

            take(count);
            file.Write(buffer, offset, count);
        }

        public override void Flush() => file.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => file.SetLength(value);

        protected override void Dispose(bool disposing)
        {
            file.Dispose();
            base.Dispose(disposing);
        }
    }
}
