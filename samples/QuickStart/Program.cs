using Temper.Compression.DeepHoyer;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;

DataSets data = DataSource.Open(args.FirstOrDefault() ?? "fashion-mnist");
(Dataset train, Dataset validation) = data.SplitValidation(data.Train.Count / 10, RandomStream.FromSeed(1));
Network dense = NetworkZoo.Create("lenet-5-caffe").Initialize(RandomStream.FromSeed(2));
TrainingOptions options = new() { Seed = 3, Epochs = 8, Regularizers = [new HoyerSquare { Strength = 2e-5f }] };
Network sparse = Trainer.Fit(dense, train, validation, options).Last;
Network pruned = sparse.Prune(PruningRule.StandardDeviations(0.25f));
Network lean = Trainer.Fit(pruned, train, validation, options with { Regularizers = [] }).Network;
double accuracy = Evaluator.Evaluate(lean, data.Test).Accuracy;
Console.WriteLine($"{accuracy:P2} accuracy; 1 in {SparsityReport.Of(lean).Ratio:F0} weights is left");
