using Temper.Optimization;

namespace Temper.Tests.Optimization;

public sealed class LearningRateScheduleTests
{
    public static TheoryData<LearningRateSchedule, double, double, double> Cases => new()
    {
        { new ConstantSchedule(), 7, 10, 1 },
        { new StepSchedule { Every = 3, Gamma = 0.5 }, 2.99, 10, 1 },
        { new StepSchedule { Every = 3, Gamma = 0.5 }, 3, 10, 0.5 },
        { new StepSchedule { Every = 3, Gamma = 0.5 }, 9.5, 10, 0.125 },
        { new MultiStepSchedule { Milestones = [80, 120] }, 79.9, 160, 1 },
        { new MultiStepSchedule { Milestones = [80, 120] }, 80, 160, 0.1 },
        { new MultiStepSchedule { Milestones = [80, 120] }, 159, 160, 0.01 },
        { new CosineSchedule(), 0, 10, 1 },
        { new CosineSchedule(), 5, 10, 0.5 },
        { new CosineSchedule { Floor = 0.2 }, 10, 10, 0.2 },
        { new CosineSchedule { Period = 2, PeriodGrowth = 2 }, 1, 100, 0.5 },
        { new CosineSchedule { Period = 2, PeriodGrowth = 2 }, 2, 100, 1 },
        { new CosineSchedule { Period = 2, PeriodGrowth = 2 }, 4, 100, 0.5 },
        { new CosineSchedule { Period = 2, PeriodGrowth = 2 }, 6, 100, 1 },
        { new WarmUpSchedule { Epochs = 4 }, 0, 10, 0 },
        { new WarmUpSchedule { Epochs = 4, Start = 0.5 }, 2, 10, 0.75 },
        { new WarmUpSchedule { Epochs = 4, Then = new CosineSchedule() }, 4, 10, 1 },
        { new WarmUpSchedule { Epochs = 4, Then = new CosineSchedule() }, 7, 10, 0.5 },
        { new WarmUpSchedule { Epochs = 4, Then = new CosineSchedule() }, 10, 10, 0 },
        { new OneCycleSchedule(), 0, 10, 0.04 },
        { new OneCycleSchedule(), 3, 10, 1 },
        { new OneCycleSchedule(), 10, 10, 4e-6 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Factor_is_the_closed_form(LearningRateSchedule schedule, double epoch, double epochs, double expected)
    {
        schedule.Validate();
        Assert.Equal(expected, schedule.Factor(epoch, epochs), 1e-9);
    }

    [Fact]
    public void Factor_is_finite_and_never_negative_over_the_whole_run()
    {
        foreach (LearningRateSchedule schedule in Cases.Select(c => (LearningRateSchedule)((object[])c)[0]))
        {
            for (double epoch = 0; epoch <= 3; epoch += 0.01)
            {
                Assert.InRange(schedule.Factor(epoch, 3), 0, 1.0000001);
            }
        }
    }

    /// <summary>Checkpoints compare schedules by this text.</summary>
    [Fact]
    public void A_schedule_from_outside_is_identified_by_its_type_and_its_options()
    {
        LearningRateSchedule[] all =
        [
            new OutsideSchedule(2), new OutsideSchedule(3), new ConstantSchedule(),
            new WarmUpSchedule { Then = new OutsideSchedule(2) }, new WarmUpSchedule { Then = new OutsideSchedule(3) },
            new WarmUpSchedule { Then = new OutsideSchedule(2), Epochs = 4 },
        ];
        Assert.Equal(all.Length, all.Select(schedule => OptionsJson.Of(schedule)!.ToJsonString()).Distinct(StringComparer.Ordinal).Count());
        Assert.Contains(nameof(OutsideSchedule), OptionsJson.Of(all[0])!.ToJsonString(), StringComparison.Ordinal);
        Assert.True(all[0].DependsOnLength);
    }

    private sealed record OutsideSchedule(double Power) : LearningRateSchedule
    {
        public override double Factor(double epoch, double epochs) => Math.Pow(1 - (epoch / epochs), Power);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new StepSchedule { Every = 0 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new CosineSchedule { Floor = 2 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new WarmUpSchedule { Then = new OneCycleSchedule { Rise = 1 } }.Validate());
    }

    [Fact]
    public void A_schedule_whose_text_hides_a_list_is_refused() => Assert.Contains(
        "override ToString", Assert.Throws<NotSupportedException>(() => OptionsJson.Of(new Stairs([1, 2]))).Message, StringComparison.Ordinal);

    private sealed record Stairs(IReadOnlyList<double> At) : LearningRateSchedule
    {
        public override double Factor(double epoch, double epochs) => Math.Pow(0.1, At.Count(at => epoch >= at));
    }
}
