using Temper.Randomness;
using Temper.Snooping.Attacks;
using Temper.Snooping.Defenses;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;

namespace Temper.Snooping.Tests;

public sealed class DetectorTests
{
    [Fact]
    public void Attacked_frames_raise_alarms_and_clean_ones_hardly_any()
    {
        Proxy predictor = new FuturePredictor().TrainOn(Streams.Catch(ThreatModel.S, 1500), new ProxyOptions { Seed = 1, Epochs = 6 });
        PerturbationDetector detector = PerturbationDetector.Calibrate(predictor, Streams.Catch(ThreatModel.S, 600, seed: 2), falseAlarms: 0.02);
        IStateLog fresh = Streams.Catch(ThreatModel.S, 600, seed: 3);
        var noise = new ObservationAttacker(new RandomSign { Epsilon = 0.1 }, [], fresh.Stream, RandomStream.FromSeed(1));
        (int clean, int attacked) = (0, 0);
        for (int step = 0; step < fresh.Count; step++)
        {
            float[] frame = fresh.Observation(step).ToArray();
            clean += detector.Alarms(0, frame, fresh.IsFirst(step)) ? 1 : 0;
            noise.Perturb(0, frame, fresh.IsFirst(step));
            attacked += detector.Alarms(1, frame, fresh.IsFirst(step)) ? 1 : 0;
        }

        Assert.InRange(clean, 0, 40);
        Assert.InRange(attacked, 500, 600);              // all but the first frames of episodes, which cannot be predicted
    }

    [Fact]
    public void Frames_of_another_length_or_not_finite_are_refused()
    {
        Proxy predictor = new FuturePredictor().TrainOn(Streams.Catch(ThreatModel.S, 200), new ProxyOptions { Seed = 1, Epochs = 1 });
        PerturbationDetector detector = PerturbationDetector.Calibrate(predictor, Streams.Catch(ThreatModel.S, 200, seed: 2));
        Assert.Throws<ArgumentException>(() => detector.Alarms(0, new float[64], isFirst: true));
        Assert.Throws<ArgumentException>(() => detector.Alarms(0, new float[256], isFirst: true));
        float[] broken = new float[128];
        broken[7] = float.NaN;
        var error = Assert.Throws<ArgumentException>(() => detector.Alarms(0, broken, isFirst: true));
        Assert.Contains("not finite (got NaN at index 7", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_foresees_nothing_detects_nothing()
    {
        IStateLog log = Streams.Catch(ThreatModel.SA, 300);
        Proxy imitator = new ActionImitator().TrainOn(log, new ProxyOptions { Seed = 1, Epochs = 1 });
        Refused("needs a proxy that predicts the next observation (got action-imitator); train one with temper rl snoop --proxy future-predictor", imitator, log, 0.01);
    }

    [Fact]
    public void A_detector_names_the_one_thing_that_is_wrong()
    {
        IStateLog log = Streams.Catch(ThreatModel.S, 200), stacked = Streams.Catch(ThreatModel.S, 200, frames: 2);
        Proxy predictor = new FuturePredictor().TrainOn(log, new ProxyOptions { Seed = 1, Epochs = 1 });
        Refused("the log has other stacks of frames than the predictor (got [4, 8, 8], expected [2, 8, 8])", predictor, stacked, 0.01);
        Refused("the rate of false alarms is out of range (got 1, expected 0 to below 1)", predictor, log, 1);
        Refused("the rate of false alarms is out of range (got NaN", predictor, log, double.NaN);
    }

    private static void Refused(string why, Proxy predictor, IStateLog log, double falseAlarms) =>
        Assert.Contains(why, Assert.Throws<ArgumentException>(() => PerturbationDetector.Calibrate(predictor, log, falseAlarms)).Message, StringComparison.Ordinal);
}
